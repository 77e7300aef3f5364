"""What the page about Autotask tells people to type is accepted, and its figures are those of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from billing_providers.hooks.at.adjustments import TEXT_MAX
from billing_providers.hooks.at.lines import DISCOUNT, LEFTOVER, NO_LINE, OVERLAPPING
from billing_providers.hooks.at.paging import PAGE_ROWS
from billing_providers.hooks.at.query import ALTERNATIVES_MAX
from billing_providers.hooks.at.threshold import ALLOWED, ASK_EVERY, USED_MAX_PERCENT
from billing_providers.hooks.autotask import LIMITS
from billing_providers.registry import SYSTEMS
from tests.support.autotask_tenant import AtServer, company, contract, hook_of

PAGE = (Path(__file__).parents[3] / "docs" / "autotask.md").read_text(encoding="utf-8")
PROSE = " ".join(PAGE.split())


def test_the_example_is_accepted_and_names_fields_of_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever pastes it gets a connection that can be read, and reads by it."""
    (found,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    pasted = json.loads(found)
    tenant = AtServer({"Companies": [company()], "Contracts": [contract()]})

    hook_of(monkeypatch, tenant, **pasted).read_directory(contract_type="")

    assert pasted.keys() <= {field.key for field in SYSTEMS["autotask"].fields}
    assert len(pasted["integration_code"]) == 27
    for field in SYSTEMS["autotask"].fields:
        assert f"`{field.key}`" in PAGE or f'"{field.key}"' in PAGE or field.key == "allow_http"
    assert tenant.sent("POST /Companies/query")[0].headers["ApiIntegrationCode"] == pasted["integration_code"]


def test_the_figures_of_the_page_are_those_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """People plan by them."""
    offered = hook_of(monkeypatch, AtServer()).capabilities()

    assert f"{TEXT_MAX:,} characters at most" in PROSE
    assert f"one per {PAGE_ROWS}, and one count each" in PROSE
    assert f"per {ALTERNATIVES_MAX} contracts" in PROSE
    assert f"the threshold again once per {ASK_EVERY} requests" in PROSE
    assert f"Of the tenant's {ALLOWED:,} requests per rolling hour" in PROSE
    assert f"at {USED_MAX_PERCENT} % the hook stops" in PROSE
    assert f"until the server must have ended ({offered.reads_lag_s:.0f} seconds)" in PROSE
    assert LIMITS.requests_in_flight_max == 3
    assert "Three requests are in flight per entity" in PROSE


def test_every_reason_to_leave_a_line_alone_is_on_the_page() -> None:
    """A finding names it in the same words."""
    assert [word for word in (DISCOUNT, LEFTOVER, NO_LINE, OVERLAPPING) if f"*{word}*" not in PROSE] == []


def test_every_right_of_the_page_is_one_that_the_connection_test_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither more nor less."""
    tenant = AtServer({"Companies": [company()], "Contracts": [contract()]})
    hook_of(monkeypatch, tenant).test_connection()
    asked = {
        match[1] for request in tenant.requests if (match := re.search(r"/V1.0/(\w+)/entityInformation$", request.url))
    }

    section = PAGE.partition("### The security level")[2].partition("**Test**")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ") and "entity" not in line]
    named = {name.strip() for row in rows[1:] for name in row.split(",")}
    assert named == asked
