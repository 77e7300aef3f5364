"""What the page about ConnectWise tells people to type is accepted, and its figures are those of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from billing_providers.errors import SettingsError
from billing_providers.hooks.connectwise import LIMITS
from billing_providers.hooks.cw.bundles import PARTS_MAX
from billing_providers.hooks.cw.hosts import api_base_url
from billing_providers.hooks.cw.paging import PAGE_ROWS
from billing_providers.model.psa import QuantityWrite
from billing_providers.registry import SYSTEMS
from tests.support.connectwise_tenant import CwTenant, hook_of

PAGE = (Path(__file__).parents[3] / "docs" / "connectwise.md").read_text(encoding="utf-8")


def test_the_example_is_accepted_and_names_fields_of_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever pastes it gets a connection that can be read."""
    (found,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    pasted = json.loads(found)

    offered = hook_of(monkeypatch, CwTenant({}), **pasted).capabilities()

    assert offered.quantity_write is QuantityWrite.SET
    assert pasted.keys() <= {field.key for field in SYSTEMS["connectwise"].fields}
    for field in SYSTEMS["connectwise"].fields:
        assert f"`{field.key}`" in PAGE or f'"{field.key}"' in PAGE or field.key == "allow_http"


def test_every_host_of_the_page_is_the_apis_own() -> None:
    """The pages' hosts beside them are refused."""
    rows = [line for line in PAGE.splitlines() if "myconnectwise.net` |" in line or "connectwisedev.com` |" in line]

    hosts = [host for row in rows for host in re.findall(r"`(https://api-[a-z.]+)`", row)]
    assert len(hosts) == 6
    for host in hosts:
        assert api_base_url(host, where="page") == host
        with pytest.raises(SettingsError):
            api_base_url(host.replace("api-", ""), where="page")


def test_the_figures_of_the_page_are_those_of_the_code() -> None:
    """People plan by them."""
    assert f"one per {PARTS_MAX} agreements" in PAGE
    assert f"one per {PAGE_ROWS:,}" in PAGE
    assert LIMITS.requests_in_flight_max == 4
    assert "At most four requests are in flight" in PAGE
