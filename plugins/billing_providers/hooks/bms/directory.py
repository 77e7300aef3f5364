"""Accounts, contracts and services of a BMS tenant, in bulk.

A contract row names its account but not the account's id. Where several accounts share a name, each of them is asked
for the ids of its contracts (``lookup?AccountId=``); a contract that still fits none or several stays without account,
and the mapping reports it. Whether a contract is active is told by ``contracts/lookup`` in one call; the names
of ``Status`` are not published, so its text only decides for contracts that the look-up leaves out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from billing_providers.errors import BadRequest
from billing_providers.hooks.bms.paging import listed, searched
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.contract_types import KASEYA_BMS
from billing_providers.model.psa import Account, Contract, PsaDirectory, Service

_LOOKUP = "/v2/finance/contracts/lookup"
_ACTIVE = "active"


def read_directory(client: HttpClient) -> PsaDirectory:
    """Read all accounts, contracts and services, inactive ones included."""
    accounts = tuple(_account(row) for row in listed(client, "/v2/crm/accounts/summary"))
    contracts = listed(client, "/v2/finance/contracts/summary")
    services = tuple(_service(row) for row in searched(client, "/v2/admin/finance/services/search"))
    active = _active_by_id(client)
    owners = _owners(client, accounts, contracts)
    return PsaDirectory(
        accounts=accounts,
        contracts=tuple(_contract(row, owners, active) for row in contracts),
        services=services,
        contract_types=KASEYA_BMS,
    )


def _account(row: Fields) -> Account:
    parent = row.get("parentId")
    return Account(
        account_id=row.identity("id"),
        code=row.text("accountCode"),
        name=row.text("accountName"),
        active=row.flag("isActive", default=False),
        parent_id="" if parent in {None, 0} else str(parent),
    )


def _service(row: Fields) -> Service:
    return Service(
        service_id=row.identity("id"),
        name=row.text("name"),
        description=row.text("description"),
        active=row.flag("isActive", default=False),
        unit_cost=row.number("unitCost"),
        unit_price=row.number("unitPrice"),
    )


def _contract(row: Fields, owners: dict[str, str], active: dict[str, bool]) -> Contract:
    contract_id, status = row.identity("id"), row.text("status")
    return Contract(
        contract_id=contract_id,
        account_id=owners.get(contract_id, ""),
        account_name=row.text("accountName"),
        name=row.text("contractName"),
        contract_type=row.text("contractType"),
        active=active.get(contract_id, status.strip().casefold() == _ACTIVE),
        billing_cycle=row.text("billingCycle"),
        start=row.day("startDate"),
        end=row.day("endDate"),
        status=status,
    )


def _active_by_id(client: HttpClient) -> dict[str, bool]:
    try:
        rows = client.call("GET", _LOOKUP).rows()
    except BadRequest:  # a tenant that wants a filter here; then the text of the status decides
        return {}
    return {row.identity("id"): row.flag("isActive", default=False) for row in rows}


def _owners(client: HttpClient, accounts: Iterable[Account], contracts: Iterable[Fields]) -> dict[str, str]:
    """Return contract id → account id, for every contract whose account is certain."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for account in accounts:
        by_name[account.name.strip()].append(account.account_id)
    owners: dict[str, str] = {}
    sharing: dict[str, None] = {}  # ordered: the same tenant is always asked in the same order
    for row in contracts:
        named = by_name.get(row.text("accountName").strip(), [])
        if len(named) == 1:
            owners[row.identity("id")] = named[0]
        else:
            sharing.update(dict.fromkeys(named))
    return owners | _owners_by_look_up(client, list(sharing), owners)


def _owners_by_look_up(client: HttpClient, account_ids: list[str], known: dict[str, str]) -> dict[str, str]:
    answers = client.map(lambda account_id: client.call("GET", _LOOKUP, params={"AccountId": account_id}), account_ids)
    found = [
        (row.identity("id"), account_id)
        for account_id, envelope in zip(account_ids, answers, strict=True)
        for row in envelope.rows()
    ]
    claims = Counter(contract_id for contract_id, _ in found)
    return {
        contract_id: account_id
        for contract_id, account_id in found
        if claims[contract_id] == 1 and contract_id not in known
    }
