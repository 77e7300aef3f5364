"""Pages, order and filters of lists."""

from __future__ import annotations

from typing import Any

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.sandbox_clients import BmsClient

ACCOUNTS = "/v2/crm/accounts/summary"
CONTRACTS = "/v2/finance/contracts/summary"


def _pages(bms: BmsClient, path: str, size: int) -> list[list[dict[str, Any]]]:
    pages = []
    while not pages or pages[-1]:
        pages.append(bms.get(path, PageSize=size, PageNumber=len(pages) + 1).json()["result"])
    return pages[:-1]


@pytest.mark.parametrize(
    ("path", "total"), [(ACCOUNTS, 148), (CONTRACTS, 154), ("/v2/admin/finance/services/lookup", 132)]
)
def test_pages_hold_every_row_once(bms: BmsClient, path: str, total: int) -> None:
    """Walking the pages gives every row exactly once, in a stable order, and each page tells the total."""
    pages = _pages(bms, path, 50)

    ids = [row["id"] for page in pages for row in page]
    assert [len(page) for page in pages] == [*[50] * (total // 50), total % 50]
    assert ids == sorted(set(ids))
    assert bms.get(path, PageSize=1).json()["totalRecords"] == total


def test_page_zero_only_tells_the_total(bms: BmsClient) -> None:
    """Clients ask for page 0 to learn how many rows there are."""
    answer = bms.get(ACCOUNTS, PageNumber=0).json()

    assert (answer["result"], answer["totalRecords"]) == ([], 148)


def test_without_a_size_a_page_is_not_the_whole_list(bms: BmsClient) -> None:
    """Whoever does not page does not get everything."""
    assert len(bms.get(ACCOUNTS).json()["result"]) == 50
    assert len(bms.search("/v2/admin/finance/services/search", PageSize=0).json()["result"]) == 50


def test_rows_are_sorted_as_asked(bms: BmsClient) -> None:
    """Sort names a field and a direction."""
    codes = [row["accountCode"] for row in bms.get(ACCOUNTS, Sort="AccountCode desc", PageSize=3).json()["result"]]

    assert codes == ["ZZINT", "TWIN-01", "TWIN-01"]


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        (ACCOUNTS, {"Filter.AccountCode": "acme"}, ["acme ltd", "ACME Ltd"]),
        (ACCOUNTS, {"Filter.AccountCode": "TWIN-01"}, ["Twin Rivers Dental", "Twin Rivers Dental (east)"]),
        (ACCOUNTS, {"Filter.AccountName": "dormouse", "Filter.IsActive": "true"}, []),
        (ACCOUNTS, {"Filter.AccountName": "dormouse", "Filter.IsActive": "false"}, ["Dormouse Books"]),
        (ACCOUNTS, {"Filter.CreatedOnFrom": "2021-01-01"}, []),
        (CONTRACTS, {"Filter.AccountName": "Smith & Sons"}, ["Smith & Sons", "Smith & Sons"]),
        (CONTRACTS, {"Filter.AccountName": "Olden", "Filter.BillingCycle": "Quarterly"}, ["Olden Construction"]),
        (CONTRACTS, {"Filter.Status": "inactive"}, ["Olden Construction"]),
        (CONTRACTS, {"Filter.Status": "active", "Filter.ContractName": "stopped"}, []),
    ],
)
def test_text_filters_contain_in_any_case(
    bms: BmsClient, path: str, query: dict[str, str], expected: list[str]
) -> None:
    """A filter finds more than equality would, so a client must compare again."""
    rows = bms.get(path, **query).json()["result"]

    assert [row["accountName"] for row in rows] == expected


def test_only_the_contract_lookup_knows_accounts_apart(bms: BmsClient) -> None:
    """Two accounts of one name share a name filter; only the look-up by account id separates their contracts."""
    accounts = bms.get(ACCOUNTS, **{"Filter.AccountName": "Smith & Sons"}).json()["result"]

    contracts = [
        [row["id"] for row in bms.get("/v2/finance/contracts/lookup", AccountId=account["id"]).json()["result"]]
        for account in accounts
    ]

    assert contracts == [[5005], [5006]]


def test_expired_contracts_can_be_left_out_of_the_lookup(box: SandboxServer, bms: BmsClient) -> None:
    """Expired is what ended before the sandbox's today."""
    box.control.move_clock(now="2026-07-26T03:00:00Z")
    account = next(row for row in box.control.world()["accounts"] if row["code"] == "OLDCON-01")
    query = {"AccountId": account["account_id"]}

    everything = bms.get("/v2/finance/contracts/lookup", **query).json()["result"]
    current = bms.get("/v2/finance/contracts/lookup", ExcludeExpiredContracts="true", **query).json()["result"]

    assert {row["name"] for row in everything} - {row["name"] for row in current} == {
        "Olden Construction - Managed Services 2022"
    }
    assert [row["isActive"] for row in everything] == [True, False, True, True, True]


def test_repeated_ids_filter_lookups(bms: BmsClient) -> None:
    """Array parameters are repeated, not joined."""
    accounts = bms.get("/v2/crm/accounts/lookup", **{"Filter.Ids": [1003, 1004]}).json()["result"]
    contracts = bms.get("/v2/finance/contracts/lookup", Ids=[5003, 5004]).json()["result"]

    assert [row["name"] for row in accounts] == ["acme ltd", "ACME Ltd"]
    assert [row["id"] for row in contracts] == [5003, 5004]


def test_the_account_lookup_hides_inactive_accounts_unless_asked(bms: BmsClient) -> None:
    """Look-ups offer what one may choose; inactive accounts come on demand."""
    path = "/v2/crm/accounts/lookup"
    query = {"Filter.Name": "Dormouse"}

    assert bms.get(path, **query).json()["result"] == []
    assert len(bms.get(path, **query, **{"Filter.WithInactiveAccounts": "true"}).json()["result"]) == 1


def test_the_catalogue_is_searched_by_name_text_and_state(bms: BmsClient) -> None:
    """The search finds duplicates and inactive services; descriptions hold SKUs before a colon."""
    path = "/v2/admin/finance/services/search"

    duplicates = bms.search(path, Filter={"Name": "FW-MGD"}).json()["result"]
    inactive = bms.search(path, Filter={"IsActive": 0}).json()["result"]
    described = bms.search(path, Filter={"Description": "MB100:"}).json()["result"]

    assert [row["name"] for row in duplicates] == ["FW-MGD", "FW-MGD"]
    assert [row["name"] for row in inactive] == ["LEGACY-AV"]
    assert [row["name"] for row in described] == ["Mailbox Basic"]
