"""A diff that a tenant of any PSA can take: quantities, and where the PSA has them fields, new lines and endings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from billing_providers.model.changes import ChangeKind, ContractDiff, FieldChange, LineChange, LineField
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.psa import Contract, ContractLine, PsaCapabilities, PsaDirectory, PsaHook, Service
from tests.support.diffs import diff_of
from tests.support.psa_cases import PsaCase
from tests.support.psa_tenant import DAYS, EFFECTIVE, PERIOD, change_of, usable

SET, ADDED, ENDED, REPRICED = 20, 3, 2, 2
CONTRACTS = 40  # of which lines are taken

#: One applied value: the line (or for a new one its contract and service), the field, what it became.
Row = tuple[str, str, str]


def planned(hook: PsaHook, case: PsaCase) -> ContractDiff:
    """Return a diff of a live tenant: 20 quantities and 3 new lines; with fields where they are offered, 2 repriced
    and 2 ended lines besides.
    """
    offered = hook.capabilities()
    directory = hook.read_directory(contract_type=case.contract_type)
    contracts = [contract for contract in usable(directory, case) if _takes_new_lines(contract)][:CONTRACTS]
    lines = hook.read_lines(contracts, directory.services, days=DAYS)
    free = _changeable(lines, contracts)
    assert len(free) >= SET + ENDED + REPRICED
    changes = [_raised(line, offered) for line in free[:SET]]
    if offered.sets:
        changes += [_repriced(line, offered) for line in free[SET : SET + REPRICED]]
    if LineField.LAST_DAY in offered.sets:
        changes += [_ended(line, offered) for line in free[SET + REPRICED :][:ENDED]]
    changes += list(_additions(contracts, lines, directory, offered))
    return diff_of(
        *changes,
        psa=case.key,
        tenant=hook.tenant_key,
        period_start=PERIOD.start,
        period_end=PERIOD.end,
        timezone=PERIOD.timezone,
    )


def rows_of(change: LineChange, offered: PsaCapabilities) -> list[Row]:
    """Return what the PSA must log for a change, and nothing else."""
    values: dict[str, str] = {}
    if change.kind in {ChangeKind.SET_QUANTITY, ChangeKind.ADD_LINE, ChangeKind.ZERO}:
        values["units"] = text_from_decimal(change.quantity_after)
    if change.kind is ChangeKind.ADD_LINE and offered.sets:
        amounts = {"unit_cost": change.unit_cost, "unit_price": change.unit_price}
        values |= {name: text_from_decimal(amount) for name, amount in amounts.items() if amount is not None}
    values |= {field.field.value: field.after for field in change.fields}
    return [(place_of(change), name, value) for name, value in values.items()]


def place_of(change: LineChange) -> str:
    """Return the line of a change; for a new one its contract and service."""
    return change.line_id or f"{change.contract_id}/{change.service_id}"


def _takes_new_lines(contract: Contract) -> bool:
    invoiced = contract.next_invoice is not None and contract.next_invoice > EFFECTIVE
    return (contract.bill_start is None or contract.bill_start <= EFFECTIVE) and not invoiced


def _changeable(lines: Sequence[ContractLine], contracts: Sequence[Contract]) -> list[ContractLine]:
    starts = {contract.contract_id: contract.bill_start for contract in contracts}
    return [
        line
        for line in sorted(lines, key=lambda line: (line.contract_id, line.line_id))
        if line.open_on(EFFECTIVE)
        and line.last_day is None
        and line.quantity is not None
        and not line.owned_by
        and (line.effective_date or date.max) >= (starts[line.contract_id] or date.min)
    ]


def _named(change: LineChange) -> LineChange:
    return replace(change, change_id=f"change-{change.kind.value}-{place_of(change)}", customer_names=("Any Ltd",))


def _set(line: ContractLine, offered: PsaCapabilities, **values: str) -> tuple[FieldChange, ...]:
    wanted = {LineField[name]: after for name, after in values.items() if LineField[name] in offered.sets}
    return tuple(FieldChange(field, line.field(field), wanted[field]) for field in sorted(wanted))


def _raised(line: ContractLine, offered: PsaCapabilities) -> LineChange:
    assert line.quantity is not None
    change = change_of(line, text_from_decimal(line.quantity + 1))
    text = f"Oktober, Zürich – {line.line_id}"
    return _named(replace(change, fields=_set(line, offered, UNIT_COST="0.0375", INVOICE_TEXT=text)))


def _repriced(line: ContractLine, offered: PsaCapabilities) -> LineChange:
    """Another price; where prices cannot be set, another text."""
    assert line.quantity is not None
    change = change_of(line, text_from_decimal(line.quantity))
    fields = _set(line, offered, UNIT_PRICE="0.0875", INCLUDED="0.5") or _set(line, offered, INVOICE_TEXT="Repriced")
    return _named(replace(change, kind=ChangeKind.SET_FIELDS, fields=fields))


def _ended(line: ContractLine, offered: PsaCapabilities) -> LineChange:
    last_day = PERIOD.last_day.isoformat()
    fields = _set(line, offered, LAST_DAY=last_day)
    return _named(replace(change_of(line, "0"), kind=ChangeKind.END_LINE, fields=fields))


def _additions(
    contracts: Sequence[Contract], lines: Sequence[ContractLine], directory: PsaDirectory, offered: PsaCapabilities
) -> Iterator[LineChange]:
    """One new line each for the first contracts, of a service that the contract never had."""
    some = lines[0]
    for contract in contracts[:ADDED]:
        held = {line.service_id for line in lines if line.contract_id == contract.contract_id}
        service = next(entry for entry in directory.services if _can_be_added(entry) and entry.service_id not in held)
        # A PSA that sets texts alone takes none with a new line: it follows as a write of its own, later.
        text = (FieldChange(LineField.INVOICE_TEXT, None, "New since October"),)
        text = text if LineField.UNIT_PRICE in offered.sets else ()
        change = replace(
            change_of(some, "4"),
            kind=ChangeKind.ADD_LINE,
            account_id=contract.account_id,
            contract_id=contract.contract_id,
            service_id=service.service_id,
            service_name=service.name,
            line_id="",
            line_version="",
            quantity_before=None,
            unit_cost=Decimal("1.25"),
            unit_price=Decimal("2.5"),
            fields=text,
        )
        yield _named(change)


def _can_be_added(service: Service) -> bool:
    return service.active and not service.no_line_why
