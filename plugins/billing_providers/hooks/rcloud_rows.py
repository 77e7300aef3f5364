"""The rows of an rCloud usage file: one client's billable space of one month each, and which of them count.

Rows are judged in the light of the whole file: the decimal mark is one for all of them, and a client that comes twice
with different figures is held, as neither the first nor the sum is known to be right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from billing_providers.hooks.report_columns import SheetRow, rows_of
from billing_providers.hooks.report_files import Sheet
from billing_providers.hooks.sheet_months import month_named
from billing_providers.hooks.sheet_numbers import DecimalMark, amount_of, decimal_mark_of
from billing_providers.hooks.usage_fields import RowFault
from billing_providers.model.decimals import DecimalError, text_from_decimal
from billing_providers.model.source import MalformedRow
from billing_providers.model.usage import UsageKind, UsageRecord

_REPEATS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class UsageRows:
    """How the rows of one file are read.

    :param columns: ``client``, ``billable_space``, ``year``, ``month``, ``managed_id`` → heading in the file.
    :param mark: the decimal mark; None: found out from all rows.
    :param unit: of the billable space, ``sku``: of the records.
    :param where: the file, for messages.
    """

    columns: Mapping[str, str]
    mark: DecimalMark | None
    unit: str
    sku: str
    where: str

    def read(self, sheet: Sheet) -> CountedRows:
        """Return what counts of a file's rows.

        :raises SettingsError: for numbers that can be read in two ways.
        """
        rows = list(self._rows(sheet))
        mark = self.mark or decimal_mark_of(
            [(row.position, self._cell(row, "billable_space")) for row in rows if not row.faults], where=self.where
        )
        counted = CountedRows()
        for row in rows:
            try:
                counted.take(self._record(row, mark), self.columns)
            except RowFault as fault:
                heading = self.columns.get(fault.field, fault.field)
                client = self._cell(row, "client")
                counted.malformed.append(MalformedRow(row.position, heading, fault.error, client, client))
        return counted

    def months(self, sheet: Sheet) -> list[date]:
        """Return the months of the rows, as far as they can be read."""
        found = []
        for row in self._rows(sheet):
            try:
                found.append(self._month(row))
            except RowFault:
                continue
        return found

    def _rows(self, sheet: Sheet) -> Iterator[SheetRow]:
        return rows_of(sheet, set(self.columns.values()), {self.columns["billable_space"]})

    def _record(self, row: SheetRow, mark: DecimalMark) -> UsageRecord:
        if row.faults:
            raise RowFault(*row.faults[0])
        client, managed_id = self._cell(row, "client"), self._cell(row, "managed_id")
        if not client.strip():
            raise RowFault("client", "is empty")
        month = self._month(row)
        try:
            quantity = amount_of(self._cell(row, "billable_space"), mark)
        except DecimalError as error:
            raise RowFault("billable_space", str(error)) from None
        taken = set(self.columns.values())
        rest = {name: value for name, value in row.cells.items() if name not in taken}
        return UsageRecord(
            source="rcloud",
            position=row.position,
            record_id=row.position,
            customer_code=client,
            customer_name=client,
            billing_identifier=managed_id,
            sku=self.sku,
            description=self.columns["billable_space"],
            summary="",
            term="",
            billing_cycle="",
            item_id="",
            kind=UsageKind.USAGE,
            quantity=quantity,
            assigned=None,
            enabled=None,
            total=None,
            unit=self.unit,
            unit_cost=None,
            unit_price=None,
            currency="",
            billable=True,
            period_start=month,
            period_end=month_after(month),
            actor="",
            plan="",
            attributes=json.dumps(rest, sort_keys=True, ensure_ascii=False),
        )

    def _month(self, row: SheetRow) -> date:
        return month_named(self._cell(row, "year"), self._cell(row, "month"))

    def _cell(self, row: SheetRow, name: str) -> str:
        return row.cells.get(self.columns.get(name, ""), "")


@dataclass(slots=True)
class CountedRows:
    """What counts: each client once a month. ``held`` maps a client whose rows contradict each other to the reason."""

    records: list[UsageRecord] = field(default_factory=list)
    malformed: list[MalformedRow] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    repeats: list[str] = field(default_factory=list)
    _first: dict[tuple[str, date | None], UsageRecord] = field(default_factory=dict, init=False)

    def take(self, record: UsageRecord, columns: Mapping[str, str]) -> None:
        """Count a row, unless it says again what an earlier row of its client says. Contradicting rows are kept as
        evidence, and their client is held.
        """
        client = record.customer_code.strip()
        first = self._first.setdefault((client, record.period_start), record)
        if first is not record and _figures(first) == _figures(record):
            self.repeats.append(f"{record.position} (as {first.position})")
            return
        self.records.append(record)
        if first is record:
            return
        space, identifier = columns["billable_space"], columns.get("managed_id", "")
        what, one, other = (
            (space, _amount(first.quantity), _amount(record.quantity))
            if first.quantity != record.quantity
            else (identifier, first.billing_identifier, record.billing_identifier)
        )
        self.held.setdefault(
            client, f"{first.position} and {record.position} of one month give {what} as {one!r} and {other!r}"
        )

    def notes(self) -> Sequence[str]:
        """Say which rows were not counted again."""
        if not self.repeats:
            return ()
        shown = ", ".join(self.repeats[:_REPEATS_SHOWN]) + (" …" if len(self.repeats) > _REPEATS_SHOWN else "")
        return (f"{len(self.repeats)} rows repeat an earlier row of their client and are counted once: {shown}",)


def month_after(month: date) -> date:
    """Return the first day of the month after the one that starts on a date."""
    return (month + timedelta(days=31)).replace(day=1)


def _figures(record: UsageRecord) -> tuple[Decimal | None, str]:
    return record.quantity, record.billing_identifier.strip()


def _amount(quantity: Decimal | None) -> str:
    return "" if quantity is None else text_from_decimal(quantity)
