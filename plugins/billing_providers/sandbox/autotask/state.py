"""What the simulated Autotask holds, and the only ways in which it changes. Every change is in the audit log."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

from billing_providers.model.decimals import text_from_decimal
from billing_providers.sandbox.autotask.calendar import AtCalendar
from billing_providers.sandbox.autotask.growing import grown_schedule, live_line, rows_by_line
from billing_providers.sandbox.autotask.live import LiveLine, PostedItem
from billing_providers.sandbox.autotask.posting import charge, item_of_row, items_of_rows
from billing_providers.sandbox.autotask.schedule import Schedule, Step
from billing_providers.sandbox.world.modules.records import AtInvoice, AtService, AtServiceBundle, AtTenant

if TYPE_CHECKING:
    from billing_providers.sandbox.core.clock import SandboxClock
    from billing_providers.sandbox.core.log import AuditLog

SYSTEM = "autotask"
_ROWS_PER_LINE = 1000  # a contract has fewer billing periods
_FIRST_ROW, _FIRST_CUT = 1_000_000, 500_000_000


@dataclass(frozen=True, slots=True)
class AtTrace:
    """Where a change came from, for the audit log."""

    call: str
    request_id: str = ""
    by: str = "api"  # or "hand"


@dataclass(frozen=True, slots=True)
class AtChange:
    """A change of one line from a day on: units to add (or take, below zero), and price and cost where given."""

    day: date
    units: int
    unit_price: Decimal | None = None
    unit_cost: Decimal | None = None


class AtState:
    """Companies, contracts, lines with units, items, invoices. Callers hold ``lock`` over check and change."""

    def __init__(self, tenant: AtTenant, clock: SandboxClock, audit: AuditLog) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self._audit = audit
        self.tenant = tenant
        self.companies = {company.company_id: company for company in tenant.companies}
        self.contracts = {contract.contract_id: contract for contract in tenant.contracts}
        self.services = {service.service_id: service for service in tenant.services}
        self.bundles = {bundle.bundle_id: bundle for bundle in tenant.bundles}
        self._calendars: dict[int, AtCalendar] = {}
        self._row_ids = count(_FIRST_ROW, _ROWS_PER_LINE)
        self._cut_ids = count(_FIRST_CUT)
        self.lines: dict[bool, dict[int, LiveLine]] = {False: {}, True: {}}  # by whether they are bundles
        self.lines_of: dict[tuple[bool, int], list[LiveLine]] = defaultdict(list)  # the same, by contract
        self._grow(tenant)
        items = [charge(entry) for entry in tenant.billing_items]
        self.items = sorted(items, key=lambda item: item.item_id)
        self._item_ids = count(max((item.item_id for item in items), default=900_000) + 1)
        for line in self.all_lines():
            self.items += items_of_rows(line, self._item_ids)
        self.invoices: list[AtInvoice] = sorted(tenant.invoices, key=lambda invoice: invoice.invoice_id)

    def _grow(self, tenant: AtTenant) -> None:
        rows = rows_by_line(tenant.units), rows_by_line(tenant.bundle_units)
        for entry in sorted(tenant.contract_services, key=lambda entry: entry.line_id):
            calendar = self.calendar(entry.contract_id)
            schedule = grown_schedule(entry, rows[0].get(entry.line_id, []), calendar, *self._ids())
            contract, item = self.contracts[entry.contract_id], self.services[entry.service_id]
            self._keep(live_line(entry, contract, item, schedule))
        for bundle in sorted(tenant.contract_bundles, key=lambda entry: entry.line_id):
            calendar = self.calendar(bundle.contract_id)
            schedule = grown_schedule(bundle, rows[1].get(bundle.line_id, []), calendar, *self._ids())
            contract, kit = self.contracts[bundle.contract_id], self.bundles[bundle.bundle_id]
            self._keep(live_line(bundle, contract, kit, schedule))

    def _ids(self) -> tuple[int, Any]:
        return next(self._row_ids), self.next_cut_id

    def next_cut_id(self) -> int:
        """Return an id for a row that a split makes."""
        return next(self._cut_ids)

    def _keep(self, line: LiveLine) -> None:
        self.lines[line.bundle][line.line_id] = line
        self.lines_of[line.bundle, line.contract.contract_id].append(line)

    def calendar(self, contract_id: int) -> AtCalendar:
        """Return the billing periods of a contract.

        :raises KeyError: when there is no such contract.
        """
        if contract_id not in self._calendars:
            self._calendars[contract_id] = AtCalendar(self.contracts[contract_id])
        return self._calendars[contract_id]

    def all_lines(self) -> Iterable[LiveLine]:
        """Return all lines, contract services first, by id."""
        return [line for lines in self.lines.values() for line in lines.values()]

    def by_key(self, key: str) -> LiveLine:
        """Return a line by its id; that of a bundle starts with ``b``.

        :raises ValueError: for an unknown one.
        """
        digits = key.removeprefix("b")
        line = self.lines[key.startswith("b")].get(int(digits)) if digits.isdecimal() else None
        if line is None:
            raise ValueError(f"there is no line {key}")
        return line

    def adjust(self, line: LiveLine, change: AtChange, trace: AtTrace, delay_s: int = 0) -> None:
        """Change a line; reads show it after the delay. What is allowed is checked before."""
        if delay_s:
            line.hidden.append((self.clock.now() + timedelta(seconds=delay_s), line.schedule.copied()))
        self._change(line, change, [line.schedule], trace)
        line.adjusted[change.day] = change.units

    def add_line(
        self, contract_id: int, item: AtService | AtServiceBundle, change: AtChange, trace: AtTrace, delay_s: int = 0
    ) -> LiveLine:
        """Put a service or a bundle on a contract, with units from a day on."""
        lines = self.lines[isinstance(item, AtServiceBundle)]
        first_id, _ = self._ids()
        step = Step(change.day, 0, item.unit_price, item.unit_cost)
        schedule = Schedule(self.calendar(contract_id), change.day, first_id, [step])
        line = LiveLine(max(lines, default=0) + 1, self.contracts[contract_id], item, "", schedule)
        self._keep(line)
        if delay_s:
            line.hidden.append((self.clock.now() + timedelta(seconds=delay_s), None))
        self._change(line, change, [schedule], trace, new=True)
        line.adjusted[change.day] = change.units
        return line

    def edit_by_hand(self, key: str, units: int, day: date | None, call: str) -> dict[str, Any]:
        """Let a line hold so many units on a day (None: today), as a person does in the UI; reads show it at once.

        :raises ValueError: for an unknown line, and for a day on which its contract is not there.
        """
        line, day = self.by_key(key), day or self.today()
        if not line.contract.start <= day <= line.contract.end:
            raise ValueError(f"the contract of line {key} does not hold {day}")
        change = AtChange(day, units - line.schedule.units_on(day))
        self._change(line, change, line.schedules(), AtTrace(call, by="hand"))
        return self.line_facts(line)

    def _change(
        self, line: LiveLine, change: AtChange, schedules: list[Schedule], trace: AtTrace, *, new: bool = False
    ) -> None:
        before = line.schedule.step_on(change.day)
        for schedule in schedules:
            schedule.cut(change.day, self.next_cut_id)
            schedule.change(change.day, change.units, change.unit_price, change.unit_cost)
        after = line.schedule.step_on(change.day)
        assert after is not None  # cutting saw to it
        units = None if new else str(before.units if before else 0)
        facts = [("units", units, str(after.units))]
        for name, given in (("unit_price", change.unit_price), ("unit_cost", change.unit_cost)):
            if given is not None:
                known = None if new or before is None else text_from_decimal(getattr(before, name))
                facts.append((name, known, text_from_decimal(given)))
        for name, old, text in facts:
            self._log(
                line,
                trace,
                field=name,
                before=old,
                after=text,
                delta=str(change.units),
                effective_date=change.day.isoformat(),
            )

    def describe(self, line: LiveLine, text: str, trace: AtTrace) -> None:
        """Give a line an invoice text of its own; empty: the catalogue's again."""
        before, line.invoice_text = line.invoice_text, text
        self._log(line, trace, field="invoice_text", before=before, after=text, delta=None, effective_date=None)

    def _log(self, line: LiveLine, trace: AtTrace, **facts: Any) -> None:
        self._audit.add(
            by=trace.by,
            system=SYSTEM,
            call=trace.call,
            account_id=str(line.contract.company_id),
            contract_id=str(line.contract.contract_id),
            line_id=line.key,
            **facts,
            request_id=trace.request_id,
        )

    def post(self, line: LiveLine, until: date) -> list[PostedItem]:
        """Approve and post the rows of a line that start up to a day; return the items made of them."""
        today, made = self.today(), []
        for row in line.schedule.rows(None, until):
            if row.approved_on is None:
                for schedule in line.schedules():
                    schedule.posted[row.start] = (today, row.end)
                made.append(item_of_row(line, row, today, next(self._item_ids)))
        self.items += made
        return made

    def today(self) -> date:
        """Return the day by the sandbox's clock, in UTC."""
        return self.clock.now().date()

    def line_facts(self, line: LiveLine) -> dict[str, Any]:
        """Return all there is to know about a line; units are those in force on the sandbox's today."""
        company, today = self.companies[line.contract.company_id], self.today()
        step = line.schedule.step_on(today) or line.schedule.steps[0]
        return {
            "line_id": line.key,
            "contract_id": str(line.contract.contract_id),
            "account_id": str(company.company_id),
            "account_code": company.number,
            "account_name": company.name,
            "service_id": str(line.item_id),
            "service_name": line.item.name,
            "units": str(line.schedule.units_on(today)),
            "unit_cost": text_from_decimal(step.unit_cost),
            "unit_price": text_from_decimal(step.unit_price),
            "effective_date": step.since.isoformat(),
            "active": line.contract.start <= today <= line.contract.end,
            "invoice_text": line.invoice_text,
            "schedule": [{"since": step.since.isoformat(), "units": str(step.units)} for step in line.schedule.steps],
            "posted_until": until.isoformat() if (until := line.schedule.posted_until()) else None,
        }
