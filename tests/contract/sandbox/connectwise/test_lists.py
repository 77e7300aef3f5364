"""Lists: pages by number, forward-only pages, order, fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from billing_providers.sandbox.server import SandboxServer
from tests.support.cw_sandbox import OPEN, CwClient, large_tenant, world_with

AGREEMENTS = "/finance/agreements"
ADDITIONS = f"{AGREEMENTS}/{OPEN}/additions"


@pytest.fixture(scope="module")
def big() -> Iterator[CwClient]:
    """1,200 agreements with one addition each."""
    with SandboxServer(world=world_with(large_tenant(1200, 1))) as box:
        yield CwClient(box)


def _links(answer: requests.Response) -> dict[str, str]:
    return {relation: url for url, relation in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers.get("Link", ""))}


def _ids(answer: requests.Response) -> list[int]:
    return [row["id"] for row in answer.json()]


def test_a_page_has_25_rows_unless_asked(big: CwClient) -> None:
    """The default page is short, so whoever does not page sees a part."""
    assert _ids(big.get(AGREEMENTS)) == list(range(1, 26))


def test_a_page_has_at_most_1000_rows(big: CwClient) -> None:
    """A larger page is not refused but cut."""
    assert len(big.get(AGREEMENTS, pageSize=5000).json()) == 1000


def test_pages_by_number_are_linked(big: CwClient) -> None:
    """The header leads to the next, previous, first and last page, and only to those that exist."""
    first, middle = big.get(AGREEMENTS, pageSize=500), big.get(AGREEMENTS, pageSize=500, page=2)
    last = big.get(AGREEMENTS, pageSize=500, page=3)

    assert [list(_links(answer)) for answer in (first, middle, last)] == [
        ["next", "last"],
        ["next", "prev", "first", "last"],
        ["prev", "first"],
    ]
    assert _ids(last) == list(range(1001, 1201))


def test_links_lead_to_the_pages_that_they_name(big: CwClient) -> None:
    """Followed to the end, they give every row once, with the conditions of the first call."""
    answer = big.get(AGREEMENTS, pageSize=100, conditions="id>900", fields="id")
    seen = _ids(answer)
    while "next" in _links(answer):
        answer = big.session.get(_links(answer)["next"], timeout=20)
        seen += _ids(answer)

    assert seen == list(range(901, 1201))


def test_past_the_last_page_there_is_nothing(big: CwClient) -> None:
    """An empty list, not an error."""
    answer = big.get(AGREEMENTS, pageSize=1000, page=3)

    assert (answer.status_code, answer.json()) == (200, [])


def test_one_page_has_no_link(cw: CwClient) -> None:
    """Where everything fits on one page there is nowhere to go."""
    assert "Link" not in cw.get(AGREEMENTS).headers


def test_forward_only_pages_go_by_id_until_the_link_is_empty(big: CwClient) -> None:
    """Each page leads to the next; the last one has a header without a link. A page number is ignored."""
    answer = big.get(AGREEMENTS, forward_only=True, pageSize=400, page=7)
    seen, pages = _ids(answer), 1
    while answer.headers["Link"]:
        answer = big.session.get(_links(answer)["next"], headers={"pagination-type": "forward-only"}, timeout=20)
        seen += _ids(answer)
        pages += 1

    assert seen == list(range(1, 1201))
    assert pages == 4  # three full ones, and an empty one that says so


def test_forward_only_pages_have_no_order(cw: CwClient) -> None:
    """They go by id and nothing else."""
    answer = cw.get(AGREEMENTS, forward_only=True, orderBy="name asc")

    assert answer.status_code == 400


def test_the_audit_trail_has_no_forward_only_pages(box: SandboxServer, cw: CwClient) -> None:
    """It pages by number whatever is asked, so it has no link where one page holds all."""
    cw.set(OPEN, 7001, quantity=11)

    answer = cw.get("/system/audittrail", forward_only=True, type="AgreementAddition", id=7001)

    assert "Link" not in answer.headers
    assert [row["text"] for row in answer.json()] == ["units: 10 -> 11"]


@pytest.mark.parametrize(
    ("order_by", "ids"),
    [
        ("id desc", [7008, 7007, 7002, 7001]),
        ("quantity", [7007, 7002, 7008, 7001]),
        ("product/identifier asc, quantity desc", [7002, 7007, 7001, 7008]),
        ("cancelledDate desc", [7002, 7008, 7001, 7007]),
    ],
)
def test_lists_are_ordered_as_asked(cw: CwClient, order_by: str, ids: list[int]) -> None:
    """By any field, several of them, backwards, and with what is missing at the low end."""
    assert [row["id"] for row in cw.additions(OPEN, orderBy=order_by)] == ids


@pytest.mark.parametrize("order_by", ["nonsense", "id upwards", "product", "id,,quantity"])
def test_an_unknown_order_is_refused(cw: CwClient, order_by: str) -> None:
    """It is not silently ignored."""
    assert cw.get(ADDITIONS, orderBy=order_by).status_code == 400


@pytest.mark.parametrize(
    ("fields", "row"),
    [
        ("id,quantity", {"id": 7001, "quantity": 10}),
        ("id, product", {"id": 7001, "product": {"id": 21, "identifier": "Storage", "serializedFlag": False}}),
        ("product/identifier,product/id", {"product": {"identifier": "Storage", "id": 21}}),
        ("id,cancelledDate", {"id": 7001}),
        ("_info/lastUpdated", {"_info": {"lastUpdated": "2020-11-02T08:00:00Z"}}),
    ],
)
def test_only_the_wanted_fields_are_shown(cw: CwClient, fields: str, row: dict[str, Any]) -> None:
    """Nothing else comes, and the stamp of the last change only where it is asked for."""
    assert cw.additions(OPEN, fields=fields)[0] == row
    assert cw.get(f"{ADDITIONS}/7001", fields=fields).json() == row


def test_the_stamp_comes_when_it_is_asked_for(cw: CwClient) -> None:
    """``_info`` is a field like others, by its name; without ``fields`` it is always there."""
    assert cw.additions(OPEN, fields="id,_info")[0]["_info"]["lastUpdated"] == "2020-11-02T08:00:00Z"
    assert cw.additions(OPEN)[0]["_info"]["updatedBy"] == "Admin1"


@pytest.mark.parametrize("fields", ["id,nonsense", "product/nonsense", "Quantity", "quantity/id"])
def test_an_unknown_field_is_refused(cw: CwClient, fields: str) -> None:
    """A misspelt field must not look like a value that is missing."""
    assert cw.get(ADDITIONS, fields=fields).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"},
        {"page": "one"},
        {"pageSize": "0"},
        {"pageSize": "-5"},
        {"top": "5"},
        {"childConditions": "id=1"},
        {"page": ["1", "2"]},
    ],
)
def test_a_wrong_query_is_refused(cw: CwClient, query: dict[str, Any]) -> None:
    """Numbers that are none, unknown and repeated parameters."""
    assert cw.get(AGREEMENTS, **query).status_code == 400


def test_the_count_is_that_of_the_conditions(cw: CwClient) -> None:
    """It takes the same conditions as the list."""
    assert cw.get(f"{ADDITIONS}/count").json() == {"count": 4}
    assert cw.get(f"{ADDITIONS}/count", conditions="cancelledDate=null").json() == {"count": 2}


@pytest.mark.parametrize(
    ("path", "count", "conditions", "fewer"),
    [
        ("/company/companies", 3, "deletedFlag=false", 2),
        (AGREEMENTS, 6, 'agreementStatus="Active"', 4),
        ("/procurement/catalog", 4, 'inactiveFlag=false and productClass!="Bundle"', 2),
    ],
)
def test_directory_lists_can_be_counted(cw: CwClient, path: str, count: int, conditions: str, fewer: int) -> None:
    """All rows of a list, whatever its pages, and those that the conditions let pass."""
    assert cw.get(f"{path}/count").json() == {"count": count}
    assert cw.get(f"{path}/count", conditions=conditions).json() == {"count": fewer}
    assert len(cw.get(path, conditions=conditions).json()) == fewer
    assert cw.get(f"{path}/count", conditions="nothing=1").status_code == 400


def test_companies_in_the_recycle_bin_are_listed(cw: CwClient) -> None:
    """They come with a mark, and whoever ignores it sees companies that are gone."""
    assert [
        (row["name"], row["deletedFlag"], row["status"]["name"]) for row in cw.get("/company/companies").json()
    ] == [
        ("Alpha & Söhne GmbH", False, "Active"),
        ('O\'Neill "Best" 100%', False, "Active"),
        ("Gone Ltd", True, "Not-Approved"),
    ]


def test_agreements_show_what_decides_about_billing(cw: CwClient) -> None:
    """Status, cycle, billing start, next invoice, proration, parent; what is not set is left out."""
    rows = {row["id"]: row for row in cw.get(AGREEMENTS).json()}

    assert {number: row["agreementStatus"] for number, row in rows.items()} == {
        901: "Active", 902: "Active", 903: "Cancelled", 904: "Expired", 905: "Active", 906: "Active",
    }  # fmt: skip
    assert (rows[902]["nextInvoiceDate"], rows[902]["prorateFlag"]) == ("2026-07-01", False)
    assert (rows[906]["billStartDate"], rows[906]["billingCycle"]["name"]) == ("2026-03-01T00:00:00Z", "Quarterly")
    assert rows[905]["parentAgreement"]["id"] == 902
    assert (rows[905]["endDate"], rows[905]["noEndingDateFlag"]) == ("2027-12-31T00:00:00Z", False)
    assert {"billingCycle", "nextInvoiceDate"} & rows[905].keys() == set()
    assert (rows[903]["cancelledFlag"], rows[903]["dateCancelled"]) == (True, "2026-03-01T00:00:00Z")


def test_small_tables_are_lists_too(cw: CwClient) -> None:
    """Statuses, cycles, types and the catalogue."""
    statuses = cw.get("/company/companies/statuses").json()
    catalogue = cw.get("/procurement/catalog").json()

    assert [(row["name"], row["inactiveFlag"]) for row in statuses] == [("Active", False), ("Not-Approved", True)]
    assert [row["billingOptions"] for row in cw.get("/finance/billingCycles").json()] == ["Monthly", "Quarterly"]
    assert [row["name"] for row in cw.get("/finance/agreements/types").json()] == ["Managed Services", "Block Time"]
    assert [(row["identifier"], row["productClass"], row["inactiveFlag"], row["price"]) for row in catalogue] == [
        ("Storage", "Service", False, 0.05),
        ("Seat", "Agreement", False, 5.25),
        ("Kit", "Bundle", False, 12),
        ("Retired", "Service", True, 2),
    ]
