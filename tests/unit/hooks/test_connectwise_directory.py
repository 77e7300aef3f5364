"""Companies, agreements and catalogue of ConnectWise: complete lists, in the vocabulary of the product."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import UnreadableAnswer
from billing_providers.model.psa import Account, Contract, Service
from tests.support.connectwise_tenant import (
    CwTenant,
    counted_pages,
    directory,
    forbidden,
    hook_of,
    not_found,
)
from tests.support.scripted_http import Reply, reply

COMPANIES = "GET /company/companies"
COUNT = "GET /company/companies/count"


def companies(count: int) -> list[dict[str, Any]]:
    return [{"id": number, "identifier": f"C{number}", "name": f"Company {number}"} for number in range(1, count + 1)]


def ids_of(tenant: CwTenant, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return [account.account_id for account in hook_of(monkeypatch, tenant).read_directory(contract_type="").accounts]


def test_forward_only_pages_are_followed_by_their_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,500 companies are three calls; the last page has no link; each row comes once, in order."""
    tenant = CwTenant(directory(companies=companies(2500)))

    assert ids_of(tenant, monkeypatch) == [str(number) for number in range(1, 2501)]

    assert [request.headers.get("pagination-type") for request in tenant.sent(COMPANIES)] == ["forward-only"] * 3
    assert tenant.queries(COMPANIES) == [
        {"pageSize": "1000", "fields": "id,identifier,name,status,deletedFlag,parentCompany", **position}
        for position in ({}, {"pageId": "1000"}, {"pageId": "2000"})
    ]
    assert {request.url.split("/", 3)[2] for request in tenant.server.requests} == {"api-eu.example"}


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without links"])
def test_a_list_without_forward_only_paging_is_read_by_counted_pages(
    links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read from its first page on, sorted by id, so that no row slips between two orders."""
    tenant = CwTenant(directory())
    tenant.answers |= {COMPANIES: counted_pages(companies(2000), links=links), COUNT: reply({"count": 2000})}

    assert ids_of(tenant, monkeypatch) == [str(number) for number in range(1, 2001)]

    first, *pages = tenant.queries(COMPANIES)
    assert "page" not in first
    assert [(page["page"], page["orderBy"]) for page in pages] == [("1", "id asc"), ("2", "id asc"), ("3", "id asc")]


def test_a_server_with_smaller_pages_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is shorter than asked for is no end while the server links to another."""
    tenant = CwTenant(directory())
    tenant.answers |= {COMPANIES: counted_pages(companies(600), links=True, size=250), COUNT: reply({"count": 600})}

    assert len(ids_of(tenant, monkeypatch)) == 600


def test_a_full_page_that_is_the_last_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly one page of rows, and no link: the next page is asked for, and is empty."""
    tenant = CwTenant(directory(companies=companies(1000)))
    tenant.answers[COMPANIES] = counted_pages(companies(1000), links=False)

    assert len(ids_of(tenant, monkeypatch)) == 1000


def test_a_list_that_shows_fewer_rows_than_its_count_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: also an empty list, which some servers answer to a name in fields that they do not know."""
    for shown in (companies(2), []):
        tenant = CwTenant(directory(companies=shown))
        tenant.answers[COUNT] = reply({"count": 3})

        with pytest.raises(UnreadableAnswer, match=f"the list is not complete: {len(shown)} rows read"):
            hook_of(monkeypatch, tenant).read_directory(contract_type="")

        assert len(tenant.sent(COMPANIES)) == 2


def test_a_list_that_grew_while_it_was_read_is_read_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may add a company at any time; that is no fault."""
    lists = iter([companies(2), companies(3)])
    tenant = CwTenant(directory())
    tenant.answers |= {COMPANIES: lambda query: reply(next(lists)), COUNT: reply({"count": 3})}

    assert ids_of(tenant, monkeypatch) == ["1", "2", "3"]


def test_a_row_that_comes_twice_means_that_another_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: a server that repeats a page ends in an error, not in an endless list."""

    def repeating(query: dict[str, str]) -> Reply:
        return reply(companies(3), Link='<https://x/y?pageId=3>; rel="next"')

    tenant = CwTenant(directory())
    tenant.answers[COMPANIES] = repeating

    with pytest.raises(UnreadableAnswer, match="a row came twice"):
        hook_of(monkeypatch, tenant).read_directory(contract_type="")

    assert len(tenant.sent(COMPANIES)) == 4


def test_a_single_page_with_a_row_twice_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: one company that shows twice may stand where another was."""
    tenant = CwTenant(directory())
    tenant.answers |= {COMPANIES: reply([*companies(2), *companies(1)]), COUNT: reply({"count": 3})}

    with pytest.raises(UnreadableAnswer, match="a row came twice"):
        hook_of(monkeypatch, tenant).read_directory(contract_type="")


def test_a_tenant_that_does_not_count_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The count is a second look, not a condition."""
    for answer in (forbidden(), not_found()):
        tenant = CwTenant(directory(companies=companies(2)))
        tenant.answers[COUNT] = answer

        assert ids_of(tenant, monkeypatch) == ["1", "2"]


@pytest.mark.parametrize("answer", [{"message": "x"}, [1], "no", None])
def test_an_answer_that_is_no_list_is_an_error(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: what is not understood is never an empty list."""
    tenant = CwTenant(directory())
    tenant.answers[COMPANIES] = reply(answer)

    with pytest.raises(UnreadableAnswer, match="not a list of objects"):
        hook_of(monkeypatch, tenant).read_directory(contract_type="")


def test_a_company_is_active_unless_deleted_or_named_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The status is told as the PSA prints it, so that a person sees why a customer is not found."""
    statuses = [
        {"id": 1, "name": "Active", "inactiveFlag": False},
        {"id": 4, "name": "Left us", "inactiveFlag": True},
    ]

    def company(number: int, status: dict[str, Any] | None, **fields: Any) -> dict[str, Any]:
        return {"id": number, "identifier": f"C{number}", "name": f"N{number}", "status": status, **fields}

    rows = [
        company(1, {"id": 1, "name": "Active"}, parentCompany={"id": 9}),
        company(2, {"id": 2, "name": "Inactive"}),
        company(3, {"id": 3, "name": "Not-Approved"}),
        company(4, {"id": 4, "name": "Left us"}),
        company(5, {"id": 1, "name": "Active"}, deletedFlag=True),
        company(6, {"id": 6, "name": "Credit Hold"}),
        company(7, None),
    ]
    hook = hook_of(monkeypatch, CwTenant(directory(companies=rows, statuses=statuses)))

    assert hook.read_directory(contract_type="").accounts == (
        Account("1", "C1", "N1", True, "9", "Active"),
        Account("2", "C2", "N2", False, "", "Inactive"),
        Account("3", "C3", "N3", False, "", "Not-Approved"),
        Account("4", "C4", "N4", False, "", "Left us"),
        Account("5", "C5", "N5", False, "", "Active, deleted"),
        Account("6", "C6", "N6", True, "", "Credit Hold"),
        Account("7", "C7", "N7", True, "", ""),
    )


AGREEMENT = {
    "id": 11,
    "name": "Managed",
    "type": {"id": 7, "name": "Managed Services"},
    "company": {"id": 1, "identifier": "ASP", "name": "Aspen"},
    "startDate": "2025-01-01T00:00:00Z",
    "endDate": "2026-12-31T00:00:00Z",
    "noEndingDateFlag": False,
    "cancelledFlag": False,
    "agreementStatus": "Active",
    "billStartDate": "2025-02-01T00:00:00Z",
    "billingCycle": {"id": 2, "name": "Every month"},
    "nextInvoiceDate": "2026-11-01T00:00:00Z",
    "prorateFlag": True,
    "parentAgreement": {"id": 10, "name": "Master"},
}
CONTRACT = Contract(
    contract_id="11",
    account_id="1",
    account_name="Aspen",
    name="Managed",
    contract_type="Managed Services",
    active=True,
    billing_cycle="Monthly",
    start=date(2025, 1, 1),
    end=date(2026, 12, 31),
    status="Active",
    parent_id="10",
    bill_start=date(2025, 2, 1),
    next_invoice=date(2026, 11, 1),
    prorates=True,
)


def test_an_agreement_tells_all_that_bounds_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dates are whole days; the cycle is the rhythm behind its name."""
    tenant = CwTenant(directory(agreements=[AGREEMENT]))

    assert hook_of(monkeypatch, tenant).read_directory(contract_type="").contracts == (CONTRACT,)


@pytest.mark.parametrize(
    ("changes", "field", "meant"),
    [
        ({"noEndingDateFlag": True}, "end", None),
        ({"endDate": None}, "end", None),
        ({"cancelledFlag": True, "dateCancelled": "2026-06-30T00:00:00Z"}, "end", date(2026, 6, 30)),
        ({"cancelledFlag": True}, "active", False),
        ({"agreementStatus": "Expired"}, "active", False),
        ({"agreementStatus": None}, "active", True),
        ({"agreementStatus": None, "cancelledFlag": True}, "status", "Cancelled"),
        ({"billingCycle": None}, "billing_cycle", ""),
        ({"billingCycle": {"id": 3, "name": "Never"}}, "billing_cycle", ""),
        ({"billingCycle": {"id": 99, "name": "Fortnight"}}, "billing_cycle", "Fortnight"),
        ({"parentAgreement": None}, "parent_id", ""),
        ({"billStartDate": None}, "bill_start", None),
        ({"prorateFlag": None}, "prorates", None),
        ({"prorateFlag": False}, "prorates", False),
        ({"nextInvoiceDate": "2026-11-01"}, "next_invoice", date(2026, 11, 1)),
        ({"nextInvoiceDate": "11/01/2026"}, "next_invoice", None),
        ({"nextInvoiceDate": "2026-11-0123"}, "next_invoice", None),
        ({"nextInvoiceDate": "2026-13-01"}, "next_invoice", None),
        ({"nextInvoiceDate": None}, "next_invoice", None),
    ],
)
def test_every_print_of_an_agreement_has_one_meaning(
    changes: dict[str, Any], field: str, meant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A date whose order of day and month is unknown is not guessed; no cycle means not recurring."""
    cycles = [
        {"id": 2, "name": "Every month", "billingOptions": "Monthly"},
        {"id": 3, "name": "Never", "billingOptions": "NotRecurring"},
    ]
    tenant = CwTenant(directory(agreements=[{**AGREEMENT, **changes}], billingCycles=cycles))

    (found,) = hook_of(monkeypatch, tenant).read_directory(contract_type="").contracts

    assert getattr(found, field) == meant


def test_setup_tables_that_may_not_be_read_are_replaced_by_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """They need a right of their own, which a run can do without."""
    tenant = CwTenant(directory(agreements=[AGREEMENT]))
    for path in ("/company/companies/statuses", "/finance/agreements/types", "/finance/billingCycles"):
        tenant.answers[f"GET {path}"] = forbidden()

    found = hook_of(monkeypatch, tenant).read_directory(contract_type="")

    assert [contract.billing_cycle for contract in found.contracts] == ["Every month"]
    assert found.contract_types == ("Managed Services",)
    assert [account.active for account in found.accounts] == [True]


def test_all_agreement_types_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong type in the settings can be told from a type that nobody uses yet."""
    tenant = CwTenant(directory(types=[{"id": 8, "name": "Block Time"}, {"id": 7, "name": "Managed Services"}]))

    assert hook_of(monkeypatch, tenant).read_directory(contract_type="").contract_types == (
        "Block Time",
        "Managed Services",
    )


def test_a_product_tells_cost_price_text_and_whether_it_can_be_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle of the catalogue is never written as an addition."""
    product = {
        "id": 5,
        "identifier": "OnlineBackup",
        "description": "Online backup",
        "customerDescription": "Used storage",
        "cost": 0.05,
        "price": 0.1,
        "inactiveFlag": False,
        "productClass": "Service",
    }
    bundle = {"id": 6, "identifier": "Kit", "description": "", "inactiveFlag": True, "productClass": "Bundle"}

    found = hook_of(monkeypatch, CwTenant(directory(catalog=[product, bundle]))).read_directory(contract_type="")

    assert found.services == (
        Service("5", "OnlineBackup", "Online backup", True, Decimal("0.05"), Decimal("0.1"), "", "Used storage"),
        Service("6", "Kit", "", False, None, None, "is a bundle, which ConnectWise does not take as an addition"),
    )


def test_reading_the_directory_takes_few_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six lists and three counts, whatever the number of companies below a thousand."""
    tenant = CwTenant(directory(companies=companies(900)))

    hook_of(monkeypatch, tenant, codebase="v2026_4").read_directory(contract_type="")

    assert len(tenant.server.requests) == 9
