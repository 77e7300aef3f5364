"""A hook that is signed in to a writable tenant, what it read, and the sandbox behind it, whichever the PSA."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.model.changes import ChangeKind, FieldChange, LineChange, LineField
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import Contract, ContractLine, Days, LinesAgain, PsaDirectory, Service
from billing_providers.sandbox.server import SandboxServer
from tests.support.psa_cases import PsaCase

PERIOD = BillingPeriod(date(2026, 10, 26), date(2026, 11, 26))
EFFECTIVE = date(2026, 11, 26)
DAYS = Days(EFFECTIVE, EFFECTIVE)


@dataclass(slots=True)
class Tenant:
    """One tenant; ``line`` is a line of it that may be changed, whose quantity is neither 7 nor 0."""

    case: PsaCase
    box: SandboxServer
    hook: Any
    directory: PsaDirectory
    line: ContractLine

    @property
    def contract(self) -> Contract:
        """The contract of the line."""
        return next(entry for entry in self.directory.contracts if entry.contract_id == self.line.contract_id)

    @property
    def service(self) -> Service:
        """The service of the line."""
        return next(entry for entry in self.directory.services if entry.service_id == self.line.service_id)

    def fault(self, kind: str, endpoint: str, **settings: Any) -> None:
        """Plan a fault of this PSA."""
        self.box.control.add_fault(kind, system=self.case.key, endpoint=endpoint, **settings)

    def sent(self, endpoint: str) -> int:
        """Count the requests to an endpoint."""
        count: int = self.box.control.requests()["per_endpoint"].get(endpoint, 0)
        return count

    def audit(self) -> list[dict[str, Any]]:
        """Return what was applied."""
        return self.box.control.audit(system=self.case.key)

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines as they stand, by the control plane."""
        return self.box.control.lines(system=self.case.key)

    def live(self, line_id: str = "") -> dict[str, Any]:
        """Return the line (or another one) as it stands, by the control plane."""
        (found,) = [line for line in self.lines() if str(line["line_id"]) == (line_id or self.line.line_id)]
        return found

    def units_now(self) -> str:
        """Return the quantity of the line, of the effective date where the PSA dates it."""
        live = self.live()
        dated = [row["units"] for row in live.get("schedule", ()) if row["since"] <= EFFECTIVE.isoformat()]
        return str(Decimal((dated or [live["units"]])[-1]).normalize())

    def edit(self, **values: Any) -> None:
        """Edit the line as a person does, from the effective date on where the PSA dates quantities."""
        dated = {"effective_date": EFFECTIVE.isoformat()} if self.line.schedule else {}
        self.box.control.edit_line(self.line.line_id, system=self.case.key, **values, **dated)

    def invoice(self) -> list[dict[str, Any]]:
        """Invoice the period, after what has to be done before."""
        if self.case.posts:
            self.box.control.post_periods(PERIOD.last_day.isoformat())
        made: list[dict[str, Any]] = self.box.control.invoice(
            PERIOD.start.isoformat(), PERIOD.last_day.isoformat(), system=self.case.key
        )
        return made

    def change(self, quantity: str = "7", **fields: Any) -> LineChange:
        """Return a change of the line."""
        return replace(change_of(self.line, quantity), **fields)

    def addition(self, quantity: str, **fields: Any) -> LineChange:
        """Return a new line for the first service that the contract has no line for."""
        held = {line.service_id for line in self.read(*self.directory.services)}
        service = next(
            entry
            for entry in self.directory.services
            if entry.active and not entry.no_line_why and entry.service_id not in held
        )
        return replace(
            self.change(quantity),
            kind=ChangeKind.ADD_LINE,
            line_id="",
            service_id=service.service_id,
            service_name=service.name,
            unit_cost=Decimal("1.25"),
            unit_price=Decimal("2.50"),
            **fields,
        )

    def again(self, *line_ids: str, look_up: bool = False, services: tuple[Service, ...] = ()) -> LinesAgain:
        """Return the wish to read lines of the contract anew; without ids its line."""
        ids = line_ids or (() if look_up else (self.line.line_id,))
        return LinesAgain(self.contract, ids, services or (self.service,), look_up)

    def read(self, *services: Service) -> list[ContractLine]:
        """Read the lines of the contract in bulk, as of the effective date; without services for its own."""
        found: list[ContractLine] = self.hook.read_lines([self.contract], services or (self.service,), days=DAYS)
        return found

    def reread(self) -> ContractLine:
        """Read the line as it stands at this moment."""
        lines = self.hook.reread_lines([self.again()], days=DAYS)
        return next(line for line in lines if line.line_id == self.line.line_id)

    def looked_up(self, service_id: str) -> list[ContractLine]:
        """Look up the lines of the contract for a service."""
        wanted = self.again(look_up=True, services=(Service(service_id, "", "", active=True),))
        lines = self.hook.reread_lines([wanted], days=DAYS)
        return [line for line in lines if line.service_id == service_id]


def usable(directory: PsaDirectory, case: PsaCase) -> list[Contract]:
    """Return active contracts of the usual type that cover the period."""
    return [
        contract
        for contract in directory.contracts
        if contract.active
        and contract.contract_type == case.contract_type
        and (contract.start is None or contract.start <= PERIOD.start)
        and (contract.end is None or contract.end > EFFECTIVE)
    ]


def changeable_line(lines: list[ContractLine], contracts: list[Contract]) -> ContractLine:
    """Return a line that nothing forbids to change: open, and not begun before its contract is billed."""
    starts = {contract.contract_id: contract.bill_start or date.min for contract in contracts}
    return next(
        line
        for line in lines
        if line.open_on(EFFECTIVE)
        and line.quantity not in {None, Decimal(7), Decimal(0)}
        and (line.effective_date or date.max) >= starts[line.contract_id]
    )


def fields(**values: str) -> tuple[FieldChange, ...]:
    """Return field changes by the names of ``LineField``, sorted as a diff has them."""
    changes = (FieldChange(LineField[name], None, value) for name, value in values.items())
    return tuple(sorted(changes, key=lambda change: change.field))


def change_of(line: ContractLine, quantity: str) -> LineChange:
    """Return a change of a live line."""
    return LineChange(
        change_id="c1",
        kind=ChangeKind.SET_QUANTITY,
        customer_codes=("ANY",),
        customer_names=("Any",),
        account_id=line.account_id,
        account_name="",
        contract_id=line.contract_id,
        contract_name="",
        service_id=line.service_id,
        service_name=line.service_name,
        line_id=line.line_id,
        skus=(line.service_name,),
        quantity_before=line.quantity,
        quantity_after=Decimal(quantity),
        unit_cost=line.unit_cost,
        unit_price=line.unit_price,
        effective_date=EFFECTIVE,
        line_version=line.version,
        reason="",
        charge_nos=(),
    )
