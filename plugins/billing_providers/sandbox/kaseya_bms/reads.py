"""What the published API lets one read: accounts, contracts, the catalogue, and lines without units."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from billing_providers.sandbox.kaseya_bms import shapes
from billing_providers.sandbox.kaseya_bms.call import Bare, Call, Page
from billing_providers.sandbox.kaseya_bms.errors import bad_request
from billing_providers.sandbox.kaseya_bms.paging import contains, paged, within


def accounts_summary(call: Call) -> Page:
    """List accounts with their codes."""
    wanted = call.values
    rows = [
        row
        for account in call.state.accounts.values()
        if contains(account.name, wanted.get("Filter.AccountName"))
        and contains(account.code, wanted.get("Filter.AccountCode"))
        and account.active is wanted.get("Filter.IsActive", account.active)
        for row in [shapes.account_summary(account)]
        if wanted.get("Filter.AccountTypeId") in {None, row["AccountTypeId"]}
        and contains(row["AccountType"], wanted.get("Filter.AccountTypeName"))
        and within(row["CreatedOn"], wanted.get("Filter.CreatedOnFrom"), wanted.get("Filter.CreatedOnTo"))
        and within(row["ModifiedOn"], wanted.get("Filter.ModifiedOnFrom"), wanted.get("Filter.ModifiedOnTo"))
    ]
    return paged(rows, wanted)


def account_summary(call: Call) -> Bare:
    """Show one account; the specification declares it without an envelope."""
    return Bare(shapes.account_summary(call.state.account(call.values["id"])))


def accounts_lookup(call: Call) -> list[dict[str, Any]]:
    """List accounts without their codes; the total is not told."""
    wanted = call.values
    if wanted.get("Filter.WithSecurityScope"):
        raise bad_request("Filter.WithSecurityScope is not simulated")
    rows = [
        shapes.account_lookup(account)
        for account in call.state.accounts.values()
        if (account.active or wanted.get("Filter.WithInactiveAccounts"))
        and account.account_id in wanted.get("Filter.Ids", [account.account_id])
        and contains(account.name, wanted.get("Filter.Name"))
    ]
    return paged(rows, wanted).rows


def contracts_summary(call: Call) -> Page:
    """List contracts of all accounts."""
    wanted = call.values
    state = call.state
    prices: dict[int, Decimal] = {}
    for line in state.lines.values():
        if line.active:
            prices[line.contract_id] = prices.get(line.contract_id, Decimal(0)) + line.units * line.unit_price
    rows = [
        shapes.contract_summary(contract, account, prices.get(contract.contract_id, Decimal(0)))
        for contract in state.contracts.values()
        for account in [state.accounts[contract.account_id]]
        if contains(contract.contract_type, wanted.get("Filter.ContractType"))
        and contains(contract.name, wanted.get("Filter.ContractName"))
        and contains(contract.billing_cycle, wanted.get("Filter.BillingCycle"))
        and contains(account.name, wanted.get("Filter.AccountName"))
        and (wanted.get("Filter.Status") or contract.status).casefold() == contract.status.casefold()
    ]
    return paged(rows, wanted)


def contracts_lookup(call: Call) -> list[dict[str, Any]]:
    """List contracts, on demand of one account; there are no pages."""
    wanted = call.values
    today = call.now.date()
    return [
        shapes.contract_lookup(contract)
        for contract in call.state.contracts.values()
        if contract.contract_id in wanted.get("Ids", [contract.contract_id])
        and wanted.get("AccountId") in {None, contract.account_id}
        and contains(contract.name, wanted.get("Name"))
        and not (wanted.get("ExcludeExpiredContracts") and contract.end < today)
    ]


def services_search(call: Call) -> Page:
    """Search the catalogue."""
    wanted = call.body.get("Filter") or {}
    rows = [
        row
        for service in call.state.services.values()
        for row in [shapes.service_row("ServiceListOutputDto", service)]
        if contains(service.name, wanted.get("Name"))
        and contains(service.description, wanted.get("Description"))
        and _is_flag(wanted.get("IsActive"), row["IsActive"])
        and _is_flag(wanted.get("IsTaxable"), row["IsTaxable"])
        and row["CategoryId"] in (wanted.get("CategoryIds") or [row["CategoryId"]])
        and row["SubCategoryId"] in (wanted.get("SubCategoryIds") or [row["SubCategoryId"]])
        and row["UnitOfMeasureId"] in (wanted.get("UnitOfMeasureIds") or [row["UnitOfMeasureId"]])
        and contains(row["IncomeAccountName"], wanted.get("IncomeAccount"))
        and contains(row["ExpenseAccountName"], wanted.get("ExpenseAccount"))
    ]
    return paged(rows, call.body)


def services_lookup(call: Call) -> Page:
    """List active services by name."""
    wanted = call.values
    rows = [
        shapes.dto("ServiceLookupOutputDto", Id=service.service_id, Name=service.name, Description=service.description)
        for service in call.state.services.values()
        if service.active
        and wanted.get("Filter.Id") in {None, service.service_id}
        and contains(service.name, wanted.get("Filter.Name"))
    ]
    return paged(rows, wanted)


def service(call: Call) -> dict[str, Any]:
    """Show one service."""
    return shapes.service_row("ServiceOutputDto", call.state.service(call.values["serviceId"]))


def related_services(call: Call) -> Page:
    """List the open lines of a service on all contracts. Units are not among the fields."""
    state = call.state
    found = state.service(call.values["serviceId"])
    rows = []
    for line in state.lines.values():
        contract = state.contracts[line.contract_id]
        if line.service_id == found.service_id and line.active:
            rows.append(shapes.related_service(line, contract, state.accounts[contract.account_id]))
    wanted = call.body.get("Filter") or {}
    return paged([row for row in rows if _related_passes(row, wanted)], call.body)


def _related_passes(row: dict[str, Any], wanted: dict[str, Any]) -> bool:
    names = ("ServiceName", "ServiceDescription", "ContractName", "AccountName")
    dates = ("EffectiveDate", "ContractStartDate", "ContractEndDate")
    return (
        all(contains(row[name], wanted.get(name)) for name in names)
        and all(within(row[name], wanted.get(f"{name}From"), wanted.get(f"{name}To")) for name in dates)
        and all(wanted.get(name) is None or float(wanted[name]) == row[name] for name in ("UnitCost", "UnitPrice"))
    )


def _is_flag(wanted: int | None, flag: bool) -> bool:
    """Whether a number filter on a boolean lets it pass: 1 is true, 0 is false."""
    if wanted not in {None, 0, 1}:
        raise bad_request(f"{wanted} is no flag; 0 and 1 are")
    return wanted is None or bool(wanted) is flag
