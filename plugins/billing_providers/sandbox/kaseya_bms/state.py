"""What the simulated BMS holds, and the only ways in which it changes. Every change is written to the audit log."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing_providers.model.decimals import text_from_decimal
from billing_providers.sandbox.kaseya_bms.errors import not_found
from billing_providers.sandbox.world.records import Account, CatalogueService, Contract, Line

if TYPE_CHECKING:
    from billing_providers.sandbox.core.clock import SandboxClock
    from billing_providers.sandbox.core.log import AuditLog
    from billing_providers.sandbox.world import World

SYSTEM = "kaseya_bms"
_BORN = datetime(2020, 11, 2, 8, tzinfo=UTC)


@dataclass(slots=True)
class LiveContract:
    """A contract; activating and deactivating changes it."""

    contract_id: int
    account_id: int
    name: str
    contract_type: str
    billing_cycle: str
    active: bool
    start: date
    end: date

    @classmethod
    def of(cls, contract: Contract) -> LiveContract:
        """Copy a contract of the world."""
        return cls(**{name: getattr(contract, name) for name in cls.__slots__})

    @property
    def status(self) -> str:
        """The status as BMS prints it."""
        return "Active" if self.active else "Inactive"


@dataclass(slots=True)
class LiveLine:
    """A contract line as it stands now."""

    line_id: int
    contract_id: int
    service_id: int
    service_name: str
    description: str
    units: Decimal
    unit_cost: Decimal
    unit_price: Decimal
    effective_date: date
    active: bool = True
    modified_on: datetime = _BORN
    sort_order: int = 0

    @classmethod
    def of(cls, line: Line) -> LiveLine:
        """Copy a line of the world."""
        return cls(**{name: getattr(line, name) for name in cls.__slots__ if hasattr(line, name)})


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a change came from, for the audit log."""

    call: str
    request_id: str = ""
    by: str = "api"  # or "hand"


class BmsState:
    """Accounts, contracts, services, lines and invoices. Callers hold ``lock`` over check and change."""

    def __init__(self, world: World, clock: SandboxClock, audit: AuditLog) -> None:
        self.lock = threading.RLock()
        self._clock = clock
        self._audit = audit
        self.accounts: dict[int, Account] = {account.account_id: account for account in world.accounts}
        self.contracts = {contract.contract_id: LiveContract.of(contract) for contract in world.contracts}
        self.services: dict[int, CatalogueService] = {service.service_id: service for service in world.services}
        self.lines = {line.line_id: LiveLine.of(line) for line in world.lines}
        self.invoices: list[dict[str, Any]] = []

    def account(self, account_id: int) -> Account:
        """Return an account, or refuse with 404."""
        found = self.accounts.get(account_id)
        if found is None:
            raise not_found(f"Account {account_id} does not exist.")
        return found

    def contract(self, contract_id: int) -> LiveContract:
        """Return a contract, or refuse with 404."""
        found = self.contracts.get(contract_id)
        if found is None:
            raise not_found(f"Contract {contract_id} does not exist.")
        return found

    def service(self, service_id: int) -> CatalogueService:
        """Return a service, or refuse with 404."""
        found = self.services.get(service_id)
        if found is None:
            raise not_found(f"Service {service_id} does not exist.")
        return found

    def line(self, contract_id: int, line_id: int) -> LiveLine:
        """Return a line of a contract, or refuse with 404."""
        found = self.lines.get(line_id)
        if found is None or found.contract_id != contract_id:
            raise not_found(f"Contract {contract_id} has no service line {line_id}.")
        return found

    def lines_of(self, contract_id: int) -> list[LiveLine]:
        """Return the lines of a contract, open and closed, by id."""
        return [line for _, line in sorted(self.lines.items()) if line.contract_id == contract_id]

    def set_units(self, line: LiveLine, units: Decimal, effective_date: date, trace: Trace) -> None:
        """Set what a line holds."""
        before = line.units
        line.units, line.effective_date, line.modified_on = units, effective_date, self._clock.now()
        self._log(trace, line, "units", text_from_decimal(before), text_from_decimal(units), effective_date)

    def set_amount(self, line: LiveLine, name: str, amount: Decimal, trace: Trace) -> None:
        """Set what one unit costs (``unit_cost``), or what it is billed at (``unit_price``)."""
        before = getattr(line, name)
        setattr(line, name, amount)
        line.modified_on = self._clock.now()
        self._log(trace, line, name, text_from_decimal(before), text_from_decimal(amount), line.effective_date)

    def add_line(self, line: LiveLine, trace: Trace) -> LiveLine:
        """Add a line; its id is given here."""
        line.line_id = max(self.lines) + 1
        line.modified_on = self._clock.now()
        self.lines[line.line_id] = line
        self._log(trace, line, "units", None, text_from_decimal(line.units), line.effective_date)
        return line

    def set_active(self, contract: LiveContract, active: bool, trace: Trace) -> None:
        """Activate or deactivate a contract."""
        before = contract.status
        contract.active = active
        self._audit.add(
            by=trace.by,
            system=SYSTEM,
            call=trace.call,
            account_id=str(contract.account_id),
            contract_id=str(contract.contract_id),
            line_id="",
            field="status",
            before=before,
            after=contract.status,
            effective_date=None,
            request_id=trace.request_id,
        )

    def edit_by_hand(self, line_id: int, call: str, **changes: Any) -> dict[str, Any]:
        """Change a line as a person does in the UI: any of units, unit_price, unit_cost, active.

        :raises ValueError: for an unknown line or field.
        """
        line = self.lines.get(line_id)
        if line is None:
            raise ValueError(f"there is no line {line_id}")
        unknown = changes.keys() - {"units", "unit_price", "unit_cost", "active"}
        if unknown:
            raise ValueError(f"cannot edit {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            before = getattr(line, name)
            setattr(line, name, value)
            self._log(Trace(call, by="hand"), line, name, _text(before), _text(value), line.effective_date)
        line.modified_on = self._clock.now()
        return self.line_facts(line)

    def line_facts(self, line: LiveLine) -> dict[str, Any]:
        """Return all there is to know about a line, as text and booleans."""
        contract = self.contracts[line.contract_id]
        account = self.accounts[contract.account_id]
        return {
            "line_id": str(line.line_id),
            "contract_id": str(line.contract_id),
            "account_id": str(account.account_id),
            "account_code": account.code,
            "account_name": account.name,
            "service_id": str(line.service_id),
            "service_name": line.service_name,
            "units": text_from_decimal(line.units),
            "unit_cost": text_from_decimal(line.unit_cost),
            "unit_price": text_from_decimal(line.unit_price),
            "effective_date": line.effective_date.isoformat(),
            "active": line.active,
        }

    def _log(
        self, trace: Trace, line: LiveLine, field: str, before: str | None, after: str, effective_date: date
    ) -> None:
        self._audit.add(
            by=trace.by,
            system=SYSTEM,
            call=trace.call,
            account_id=str(self.contracts[line.contract_id].account_id),
            contract_id=str(line.contract_id),
            line_id=str(line.line_id),
            field=field,
            before=before,
            after=after,
            effective_date=effective_date.isoformat(),
            request_id=trace.request_id,
        )


def _text(value: Any) -> str:
    return text_from_decimal(value) if isinstance(value, Decimal) else str(value)
