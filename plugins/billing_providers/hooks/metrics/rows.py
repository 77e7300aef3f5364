"""The rows of a metrics file: what one module counts for one organization and billing type.

- Seen (vendor's list of billing types): units of measure are Count, True/False and Enabled; so ``True`` and
  ``Enabled`` are 1, ``False`` and ``Disabled`` 0. Counts are whole.
- Rows of one organization and billing type that repeat each other count once; rows that differ hold that organization
  of that module, as neither the first nor the sum is known to be right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from billing_providers.hooks.metrics.modules import Modules
from billing_providers.hooks.report_columns import SheetRow, rows_of
from billing_providers.hooks.report_files import Sheet
from billing_providers.hooks.sheet_numbers import DecimalMark, amount_of, decimal_mark_of
from billing_providers.hooks.usage_fields import RowFault, day_of
from billing_providers.model.decimals import DecimalError, text_from_decimal
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import MalformedRow
from billing_providers.model.usage import UsageKind, UsageRecord

_NAMED_MAX = 10
_WORDS = {"true": "1", "enabled": "1", "yes": "1", "false": "0", "disabled": "0", "no": "0"}


@dataclass(frozen=True, slots=True)
class MetricRows:
    """How the rows of one file are read.

    :param columns: ``module``, ``organization``, ``billing_type``, ``count``, … → heading in the file.
    :param mark: the decimal mark; None: found out from all rows.
    :param source: key of the source, for the records.
    :param read_elsewhere: modules that are read from their own API; their rows are held.
    """

    columns: Mapping[str, str]
    mark: DecimalMark | None
    modules: Modules
    period: BillingPeriod
    source: str
    where: str
    read_elsewhere: frozenset[str] = frozenset()

    def read(self, sheet: Sheet) -> CountedMetrics:
        """Return what counts of a file's rows.

        :raises SettingsError: for numbers that can be read in two ways.
        """
        rows = list(rows_of(sheet, set(self.columns.values()), {self.columns["count"]}))
        cells = [(row.position, self._cell(row, "count")) for row in rows if not row.faults]
        mark = self.mark or decimal_mark_of(cells, where=self.where)
        counted = CountedMetrics(self.period, self.modules)
        for row in rows:
            module = self._cell(row, "module").strip()
            why = self._not_counted_why(module)
            if why:
                counted.leave_out(module, why, self._cell(row, "organization").strip(), self._cell(row, "count"))
                continue
            try:
                counted.take(self._record(row, mark), module)
            except RowFault as fault:
                name = self._cell(row, "organization").strip()
                heading = self.columns.get(fault.field, fault.field)
                counted.malformed.append(MalformedRow(row.position, heading, fault.error, self._code(row), name))
        return counted

    def _not_counted_why(self, module: str) -> str:
        """Say why no row of a module counts; empty for one that does, and for a row without module."""
        if module in self.read_elsewhere:
            return "is read from its own API, so its rows in the file are held"
        if module and module not in self.modules.counted_from:
            return f"is not in the option modules, so its rows are held{self.modules.near(module)}"
        if module and not self.modules.counts(module, self.period):
            return f"counts from {self.modules.counted_from[module].isoformat()}"
        return ""

    def _record(self, row: SheetRow, mark: DecimalMark) -> UsageRecord:
        if row.faults:
            raise RowFault(*row.faults[0])
        module, billing_type = self._needed(row, "module"), self._needed(row, "billing_type")
        organization, code = self._needed(row, "organization"), self._code(row)
        if "organization_id" in self.columns:
            self._needed(row, "organization_id")
        start, end = self._days(row)
        taken = set(self.columns.values())
        rest = {name: value for name, value in row.cells.items() if name not in taken}
        return UsageRecord(
            source=self.source,
            position=row.position,
            record_id=row.position,
            customer_code=code,
            customer_name=organization,
            billing_identifier="",
            sku=f"{module} - {billing_type}",
            description=f"{module}: {billing_type}",
            summary=f"{module}: {billing_type}",
            term="",
            billing_cycle="",
            item_id="",
            kind=UsageKind.RECURRING,
            quantity=_count(self._cell(row, "count"), mark),
            assigned=None,
            enabled=None,
            total=None,
            unit=self._cell(row, "unit").strip(),
            unit_cost=None,
            unit_price=None,
            currency="",
            billable=True,
            period_start=start,
            period_end=end,
            actor="",
            plan="",
            attributes=json.dumps(rest, sort_keys=True, ensure_ascii=False),
        )

    def _code(self, row: SheetRow) -> str:
        """Return ``<module>: <organization's id, or its name>``; empty where the row does not tell whose it is."""
        whose = "organization_id" if "organization_id" in self.columns else "organization"
        module, organization = self._cell(row, "module").strip(), self._cell(row, whose).strip()
        return f"{module}: {organization}" if module and organization else ""

    def _days(self, row: SheetRow) -> tuple[date | None, date | None]:
        """Return the period of a row that names a month or a day; the day's own period when it lies inside."""
        text = self._cell(row, "period").strip()
        if not text:
            if "period" in self.columns:
                raise RowFault("period", "is empty")
            return None, None
        month = len(text) == 7
        day = day_of(f"{text}-01" if month else text, "period")
        if day is None:
            raise RowFault("period", "is empty")
        if month:
            return day, (day + timedelta(days=31)).replace(day=1)
        if self.period.contains(day):
            return self.period.start, self.period.end
        return day, day + timedelta(days=1)

    def _needed(self, row: SheetRow, name: str) -> str:
        found = self._cell(row, name).strip()
        if not found:
            raise RowFault(name, "is empty")
        return found

    def _cell(self, row: SheetRow, name: str) -> str:
        return row.cells.get(self.columns.get(name, ""), "")


@dataclass(slots=True)
class CountedMetrics:
    """What counts: each organization and billing type of a module once.

    ``held`` maps a customer code, or a module whose rows are all held, to the reason.
    """

    period: BillingPeriod
    modules: Modules
    records: list[UsageRecord] = field(default_factory=list)
    malformed: list[MalformedRow] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set, init=False)
    _first: dict[tuple[str, str], UsageRecord] = field(default_factory=dict, init=False)
    _repeats: list[str] = field(default_factory=list, init=False)
    _left_out: dict[tuple[str, str], list[str]] = field(default_factory=dict, init=False)

    def take(self, record: UsageRecord, module: str) -> None:
        """Count a row, unless it says again what an earlier one says. Contradicting rows are kept as evidence."""
        self._seen.add(module)
        first = self._first.setdefault((record.customer_code, record.sku), record)
        if first is not record and first.quantity == record.quantity:
            self._repeats.append(f"{record.position} (as {first.position})")
            return
        self.records.append(record)
        if first is not record:
            one, other = _text(first.quantity), _text(record.quantity)
            why = f"{first.position} and {record.position} give {record.sku} as {one} and {other}"
            self.held.setdefault(record.customer_code, why)

    def leave_out(self, module: str, why: str, organization: str, count: str) -> None:
        """Keep a row that does not count, to be named."""
        self._left_out.setdefault((module, why), []).append(f"{organization} {count.strip()}")

    def failed(self) -> dict[str, str]:
        """Return who is held and why. A module that nobody enabled is held under its own name, so that the other
        modules of its organizations go on.
        """
        unknown = {
            module: f"module {module!r} {why}: {_named(rows)}"
            for (module, why), rows in self._left_out.items()
            if module not in self.modules.counted_from or self.modules.counts(module, self.period)
        }
        return {**self.held, **unknown}

    def notes(self) -> list[str]:
        """Say which rows do not count yet, and which were not counted again."""
        notes = [
            f"{module} {why}, so {len(rows)} rows were left out: {_named(rows)}"
            for (module, why), rows in self._left_out.items()
            if module in self.modules.counted_from and not self.modules.counts(module, self.period)
        ]
        if self._repeats:
            notes.append(
                f"{len(self._repeats)} rows repeat an earlier row and are counted once: {_named(self._repeats)}"
            )
        return notes

    def missing_why(self, elsewhere: frozenset[str]) -> str:
        """Say which modules should be counted and have no row at all: that is a short file, no zero.

        :param elsewhere: modules that are not expected in the file.
        """
        told = self._seen | {row.customer_code.partition(": ")[0] for row in self.malformed}
        absent = [module for module in self.modules.counted_in(self.period) if module not in told | elsewhere]
        return f"the file has no row of {', '.join(absent)}, which should count" if absent else ""


def months_of(counted: CountedMetrics) -> Iterator[tuple[date, date]]:
    """Yield the period of every row that names one."""
    for record in counted.records:
        if record.period_start is not None and record.period_end is not None:
            yield record.period_start, record.period_end


def _count(cell: str, mark: DecimalMark) -> Decimal:
    text = _WORDS.get(cell.strip().casefold())
    try:
        count = Decimal(text) if text is not None else amount_of(cell, mark)
    except DecimalError as error:
        raise RowFault("count", str(error)) from None
    if count != count.to_integral_value():
        raise RowFault("count", f"{cell.strip()!r} is not a whole number")
    return count


def _text(quantity: Decimal | None) -> str:
    return "" if quantity is None else text_from_decimal(quantity)


def _named(rows: list[str]) -> str:
    return ", ".join(rows[:_NAMED_MAX]) + (f" and {len(rows) - _NAMED_MAX} more" if len(rows) > _NAMED_MAX else "")
