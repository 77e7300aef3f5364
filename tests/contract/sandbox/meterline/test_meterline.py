"""The made-up vendor: nested rows, a total, a flag of completeness, and three ways of paging that tell the same."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests

from billing_providers.sandbox.credentials import METERLINE_KEY
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World
from tests.support.backup_clients import meterline_get

JULY = {"from_": "2026-07-01", "to": "2026-08-01"}


@pytest.fixture(autouse=True)
def _august(box: SandboxServer) -> None:
    box.control.move_clock("2026-08-15T12:00:00Z")


def _pages(box: SandboxServer) -> Iterator[dict[str, Any]]:
    """Follow whatever the answers offer."""
    page = meterline_get(box, **JULY).json()
    yield page
    while True:
        if page["data"].get("cursor"):
            page = meterline_get(box, **JULY, cursor=page["data"]["cursor"]).json()
        elif page.get("paging", {}).get("page", 1) < page.get("paging", {}).get("pages", 1):
            page = meterline_get(box, **JULY, page=page["paging"]["page"] + 1).json()
        elif page.get("next"):
            page = requests.get(page["next"], headers={"X-Api-Key": METERLINE_KEY}, timeout=10).json()
        else:
            return
        yield page


def test_an_entry_is_nested(box: SandboxServer, world: World) -> None:
    """Customer, cost and window are objects; amounts are text."""
    told = meterline_get(box, **JULY).json()
    first = told["data"]["entries"][0]

    assert told.keys() == {"data", "summary", "final"}
    assert told["data"].keys() == {"entries", "cursor"}
    assert first.keys() == {"customer", "meter", "amount", "unit", "cost", "window"}
    assert first["customer"] == {"ref": "ML-OBRI", "title": 'O\'Brien & "Sons" Ltd'}
    assert first["cost"].keys() == {"value", "currency"}
    assert first["window"] == {"from": "2026-07-01", "to": "2026-08-01"}
    assert isinstance(first["amount"], str)
    assert first["customer"]["title"] in {company.name for company in world.resale.tenant.companies}


@pytest.mark.parametrize("paging", ["cursor", "page", "next"])
def test_every_way_of_paging_tells_the_same(box: SandboxServer, paging: str) -> None:
    """All rows once, with the total and the flag on every page."""
    box.control.change_settings(meterline_paging="cursor", meterline_page_size=1000)
    whole = meterline_get(box, **JULY).json()
    box.control.change_settings(meterline_paging=paging, meterline_page_size=7)

    pages = list(_pages(box))

    assert [entry for page in pages for entry in page["data"]["entries"]] == whole["data"]["entries"]
    assert len(pages) == -(-whole["summary"]["count"] // 7) > 3
    assert all((page["summary"], page["final"]) == (whole["summary"], True) for page in pages)


def test_the_summary_is_over_all_pages(box: SandboxServer) -> None:
    """Count and amount are those of the whole answer."""
    entries = [entry for page in _pages(box) for entry in page["data"]["entries"]]

    summary = meterline_get(box, **JULY).json()["summary"]

    assert summary["count"] == len(entries) > 40
    assert Decimal(summary["amount"]) == sum(Decimal(entry["amount"]) for entry in entries)


def test_the_next_address_is_also_a_header(box: SandboxServer) -> None:
    """Clients may follow either; the last page has none."""
    box.control.change_settings(meterline_paging="next", meterline_page_size=50)
    first = meterline_get(box, **JULY)
    last = requests.get(first.json()["next"], headers={"X-Api-Key": METERLINE_KEY}, timeout=10)

    assert first.json()["next"].startswith(f"{box.base_url('meterline')}/v1/tenants/harbour-msp/usage?")
    assert first.links["next"]["url"] == first.json()["next"]
    assert (last.json()["next"], last.links) == (None, {})


def test_past_the_last_page_there_is_nothing(box: SandboxServer) -> None:
    """An empty list, with the same totals."""
    box.control.change_settings(meterline_paging="page")

    told = meterline_get(box, **JULY, page=99).json()

    assert told["data"]["entries"] == []
    assert told["summary"]["count"] > 40


def test_usage_of_days_to_come_is_not_final(box: SandboxServer) -> None:
    """Until the last day is over, and whenever the setting says so."""
    assert meterline_get(box, from_="2026-08-01", to="2026-09-01").json()["final"] is False
    box.control.move_clock("2026-09-01T00:00:01Z")
    assert meterline_get(box, from_="2026-08-01", to="2026-09-01").json()["final"] is True
    box.control.change_settings(meterline_final=False)
    assert meterline_get(box, from_="2026-08-01", to="2026-09-01").json()["final"] is False


def test_months_differ_and_are_always_the_same(box: SandboxServer) -> None:
    """About four in ten amounts differ from month to month; asking again changes nothing."""
    box.control.change_settings(meterline_page_size=1000)
    july, again, june = (
        {
            (entry["customer"]["ref"], entry["meter"]): entry["amount"]
            for entry in meterline_get(box, from_=start, to=end).json()["data"]["entries"]
        }
        for start, end in (("2026-07-01", "2026-08-01"), ("2026-07-01", "2026-08-01"), ("2026-06-01", "2026-07-01"))
    )

    assert july == again
    assert july.keys() == june.keys()
    assert 10 <= sum(july[key] != june[key] for key in july) <= len(july) - 10


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"key": None, **JULY}, 401, "unauthorized"),
        ({"key": "wrong", **JULY}, 401, "unauthorized"),
        ({"tenant": "other", **JULY}, 404, "not_found"),
        ({"from_": "2026-07-01"}, 400, "bad_request"),
        ({"from_": "2026-07-01", "to": "2026-07-01"}, 400, "bad_request"),
        ({"from_": "2026-7-1", "to": "2026-08-01"}, 400, "bad_request"),
        ({"from_": "2026-02-30", "to": "2026-08-01"}, 400, "bad_request"),
        ({**JULY, "page": "2"}, 400, "bad_request"),
        ({**JULY, "cursor": "MTIz"}, 400, "bad_request"),
        ({**JULY, "cursor": "!"}, 400, "bad_request"),
        ({**JULY, "size": "5"}, 400, "bad_request"),
    ],
)
def test_wrong_requests_are_refused(box: SandboxServer, query: dict[str, Any], status: int, code: str) -> None:
    """A parameter of another way of paging is unknown too; no key is repeated."""
    answer = meterline_get(box, **query)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert "wrong" not in answer.text


def test_other_paths_and_methods_are_refused(box: SandboxServer) -> None:
    """404 and 405 in the vendor's own body."""
    base = box.base_url("meterline")

    assert requests.get(f"{base}/v2/tenants", timeout=10).json()["error"]["code"] == "not_found"
    assert requests.post(f"{base}/v1/tenants/harbour-msp/usage", timeout=10).status_code == 405


@pytest.mark.parametrize("kind", ["wrong_total", "short_page", "readback_lie"])
def test_faults_make_total_and_rows_disagree(box: SandboxServer, kind: str) -> None:
    """Count or amount no longer fit the rows."""
    box.control.change_settings(meterline_page_size=1000)
    box.control.add_fault(kind, system="meterline")

    told = meterline_get(box, **JULY).json()

    entries = told["data"]["entries"]
    sums = (len(entries), sum(Decimal(entry["amount"]) for entry in entries))
    assert sums != (told["summary"]["count"], Decimal(told["summary"]["amount"]))


def test_a_revoked_key_comes_back_with_a_reset(box: SandboxServer) -> None:
    """There is no sign-in that would renew it."""
    box.control.add_fault("revoke_token", system="meterline")

    assert [meterline_get(box, **JULY).status_code for _ in range(2)] == [401, 401]
    box.control.reset()
    assert meterline_get(box, **JULY).status_code == 200


def test_the_connection_carries_the_key_as_a_header(box: SandboxServer) -> None:
    """The standard HTTP connection sends its extras as headers."""
    told = box.connections()["meterline_default"]

    assert told == {"conn_type": "http", "host": box.base_url("meterline"), "extra": {"X-Api-Key": METERLINE_KEY}}
