"""Lists may show late what was written; single records never do."""

from __future__ import annotations

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.cw_sandbox import OPEN, CwClient

NEW = {"product": {"id": 22}, "billCustomer": "Billable", "quantity": 4, "effectiveDate": "2026-08-01T00:00:00Z"}


@pytest.fixture
def late(box: SandboxServer, cw: CwClient) -> CwClient:
    """A client of a PSA whose lists are five minutes late."""
    box.control.change_settings(cw_lag_s=300)
    return cw


def _listed(cw: CwClient, **query: str) -> dict[int, float]:
    return {row["id"]: row["quantity"] for row in cw.additions(OPEN, **query)}


def _bundled(cw: CwClient) -> dict[int, float]:
    asked = {"sequenceNumber": 1, "resourceType": "addition", "apiRequest": {"parentId": OPEN}}
    return {row["id"]: row["quantity"] for row in cw.bundle(asked).json()["results"][0]["entities"]}


def test_without_a_lag_lists_show_all_at_once(cw: CwClient) -> None:
    """The default."""
    cw.set(OPEN, 7001, quantity=11)

    assert _listed(cw)[7001] == 11


def test_a_change_shows_by_id_at_once_and_in_lists_later(box: SandboxServer, late: CwClient) -> None:
    """Lists, counts and bundles are late, with conditions or without."""
    late.set(OPEN, 7001, quantity=11)

    count = f"/finance/agreements/{OPEN}/additions/count"
    assert late.addition(OPEN, 7001)["quantity"] == 11
    assert (_listed(late)[7001], _bundled(late)[7001]) == (10, 10)
    assert _listed(late, conditions="quantity=11") == {}
    assert late.get(count, conditions="quantity=11").json() == {"count": 0}
    box.control.move_clock(advance_s=301)
    assert (_listed(late)[7001], _bundled(late)[7001]) == (11, 11)
    assert _listed(late, conditions="quantity=11") == {7001: 11}
    assert late.get(count, conditions="quantity=11").json() == {"count": 1}


def test_several_changes_show_one_after_the_other(box: SandboxServer, late: CwClient) -> None:
    """Each after its own delay."""
    shown = []
    for quantity in (11, 12):
        late.set(OPEN, 7001, quantity=quantity)
        box.control.move_clock(advance_s=200)
        shown.append(_listed(late)[7001])
    box.control.move_clock(advance_s=200)

    assert [*shown, _listed(late)[7001]] == [10, 11, 12]


def test_a_new_addition_is_missing_from_lists_for_a_while(box: SandboxServer, late: CwClient) -> None:
    """Whoever lists to see whether his request was applied does not find it."""
    added = late.add(OPEN, **NEW).json()["id"]

    assert (late.addition(OPEN, added)["quantity"], added in _listed(late)) == (4, False)
    box.control.move_clock(advance_s=301)
    assert _listed(late)[added] == 4


def test_a_deleted_addition_is_listed_for_a_while(box: SandboxServer, late: CwClient) -> None:
    """By its id it is gone at once."""
    path = f"/finance/agreements/{OPEN}/additions/7001"
    late.call("DELETE", path)

    assert (late.get(path).status_code, 7001 in _listed(late)) == (404, True)
    box.control.move_clock(advance_s=301)
    assert 7001 not in _listed(late)


def test_what_a_person_edits_shows_at_once(box: SandboxServer, late: CwClient) -> None:
    """Also beside a change through the API that lists do not show yet."""
    late.set(OPEN, 7001, quantity=11)
    box.control.edit_line(7001, system="connectwise", unit_price="9")
    box.control.edit_line(7002, system="connectwise", units="8")

    box.control.edit_line(7008, system="connectwise", units="6")
    late.set(OPEN, 7008, quantity=7)
    box.control.edit_line(7008, system="connectwise", gone=True)

    rows = {row["id"]: row for row in late.additions(OPEN)}
    assert 7008 not in rows
    assert (rows[7001]["quantity"], rows[7001]["unitPrice"], rows[7002]["quantity"]) == (10, 9, 8)
