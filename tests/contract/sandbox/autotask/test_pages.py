"""Pages of lists of the simulated Autotask."""

from __future__ import annotations

from datetime import date
from typing import Any

import requests

from billing_providers.sandbox.server import SandboxServer
from tests.support.at_sandbox import (
    AFFIRMED,
    BY_QUARTER,
    OPEN,
    SEATS,
    TIMEOUT_S,
    AtClient,
    condition,
    errors,
    large_tenant,
    world_with,
)

QUERY = {"filter": [AFFIRMED], "MaxRecords": 2}


def follow(at: AtClient, address: str, method: str = "POST", body: Any = QUERY) -> requests.Response:
    return at.session.request(method, address, json=body, timeout=TIMEOUT_S)


def test_pages_are_walked_by_their_addresses(at: AtClient) -> None:
    """Forward with the same method and body until there is no address; and back."""
    first = at.call("POST", "/Contracts/query", json=QUERY).json()
    second = follow(at, first["pageDetails"]["nextPageUrl"]).json()
    third = follow(at, second["pageDetails"]["nextPageUrl"]).json()

    pages = [[item["id"] for item in page["items"]] for page in (first, second, third)]
    assert pages == [[7001, 7002], [7003, 7004], [7005]]
    assert (first["pageDetails"]["count"], first["pageDetails"]["requestCount"]) == (2, 2)
    assert (first["pageDetails"]["prevPageUrl"], third["pageDetails"]["nextPageUrl"]) == (None, None)
    assert third["pageDetails"]["count"] == 1
    assert follow(at, third["pageDetails"]["prevPageUrl"]).json() == second


def test_a_page_after_the_last_one_is_not_offered(at: AtClient) -> None:
    """Not even when the last one is full."""
    found = at.query("Contracts", condition("id", "lt", BY_QUARTER), MaxRecords=4).json()

    assert (len(found["items"]), found["pageDetails"]["nextPageUrl"]) == (4, None)


def test_a_page_wants_the_method_and_the_body_of_the_first(at: AtClient) -> None:
    """Anything else is refused, as is another entity."""
    address = at.call("POST", "/Contracts/query", json=QUERY).json()["pageDetails"]["nextPageUrl"]

    wrong = ["A page must be requested with the method and the query of the first one."]
    assert errors(follow(at, address, body={"filter": [AFFIRMED]})) == wrong
    assert errors(at.session.get(f"{address}&search=%7B%7D", timeout=TIMEOUT_S)) == wrong
    assert errors(follow(at, address.replace("/Contracts/", "/Companies/"))) == ["The page is no longer available."]
    assert errors(follow(at, address.partition("?")[0])) == ["The paging parameter is not valid."]


def test_a_list_asked_in_the_address_is_walked_in_the_address(at: AtClient) -> None:
    """The next address repeats the search."""
    search = '{"MaxRecords":3,"filter":[{"op":"exist","field":"id"}]}'

    address = at.get("/Contracts/query", search=search).json()["pageDetails"]["nextPageUrl"]

    assert [item["id"] for item in at.session.get(address, timeout=TIMEOUT_S).json()["items"]] == [7004, 7005]


def test_only_the_50_most_recent_pages_are_kept(at: AtClient) -> None:
    """Who asks for many other pages in between has lost the next one; asking again helps."""
    address = at.call("POST", "/Contracts/query", json=QUERY).json()["pageDetails"]["nextPageUrl"]
    for _ in range(48):
        at.query("Companies", AFFIRMED)
    assert follow(at, address).status_code == 200

    for _ in range(50):
        at.query("Companies", AFFIRMED)

    assert errors(follow(at, address)) == ["The page is no longer available."]


def test_a_page_that_is_read_again_is_recent_again(at: AtClient) -> None:
    """So it outlives pages that were read in between."""
    address = at.call("POST", "/Contracts/query", json=QUERY).json()["pageDetails"]["nextPageUrl"]

    for _ in range(3):
        for _ in range(40):
            at.query("Companies", AFFIRMED)
        assert follow(at, address).status_code == 200


def test_a_list_is_paged_as_it_was_at_its_first_page(at: AtClient) -> None:
    """A change in between shows in a new query."""
    body = {"filter": [condition("contractServiceID", "eq", SEATS), condition("units", "gt", 0)], "MaxRecords": 7}
    address = at.call("POST", "/ContractServiceUnits/query", json=body).json()["pageDetails"]["nextPageUrl"]
    at.adjust(OPEN, contractServiceID=SEATS, unitChange=5, effectiveDate="2026-08-01")

    rest = follow(at, address, body=body).json()["items"]

    assert [row["units"] for row in rest] == [12, 12, 15, 15, 15]
    assert [units for _, _, units in at.rows(SEATS)] == [17, 17, 20, 20, 20]


def test_a_large_tenant_is_read_page_by_page() -> None:
    """Every line once, in the order of the ids."""
    with SandboxServer(world=world_with(large_tenant(60, 30, end=date(2026, 12, 31)))) as large:
        at = AtClient(large)
        body = {"filter": [condition("startDate", "lte", "2026-02-01"), condition("endDate", "gte", "2026-02-01")]}
        page = at.call("POST", "/ContractServiceUnits/query", json=body).json()
        found = list(page["items"])
        while page["pageDetails"]["nextPageUrl"]:
            page = follow(at, page["pageDetails"]["nextPageUrl"], body=body).json()
            found += page["items"]

        ids = [row["id"] for row in found]
        assert (len(ids), ids == sorted(set(ids)), len({row["contractServiceID"] for row in found})) == (
            1800, True, 1800,
        )  # fmt: skip
