"""What a plan saw of the PSA, kept for the report that compares it with what the source charged."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from billing_providers.model.psa import ContractLine, PsaDirectory
from billing_providers.model.seen_lines import SeenLine


def seen_lines(lines: Iterable[ContractLine], directory: PsaDirectory, first_day: date) -> list[SeenLine]:
    """Return the lines that are billed on a day or later, with the names of their contracts and accounts.

    Each comes once, in order of their ids.
    """
    contracts = {contract.contract_id: contract for contract in directory.contracts}
    accounts = {account.account_id: account.name for account in directory.accounts}
    found: dict[str, SeenLine] = {}
    for line in sorted(lines, key=lambda line: line.line_id.zfill(20)):
        contract = contracts.get(line.contract_id)
        account_id = line.account_id or (contract.account_id if contract else "")
        if not line.open_on(first_day) or line.line_id in found:
            continue
        found[line.line_id] = SeenLine(
            line_id=line.line_id,
            contract_id=line.contract_id,
            contract_name=contract.name if contract else "",
            account_id=account_id,
            account_name=accounts.get(account_id, contract.account_name if contract else ""),
            service_id=line.service_id,
            service_name=line.service_name.strip(),
            quantity=line.quantity,
            unit_cost=line.unit_cost,
            unit_price=line.unit_price,
            included=line.included,
            last_day=line.last_day,
            billable=line.billable,
        )
    return list(found.values())
