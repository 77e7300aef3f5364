"""A metrics file as a whole: its headings, whether it is there and whole, and what counts of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from billing_providers.errors import SettingsError
from billing_providers.hooks.http.addresses import without_credentials
from billing_providers.hooks.metrics.modules import Modules
from billing_providers.hooks.metrics.rows import CountedMetrics, MetricRows, months_of
from billing_providers.hooks.report_columns import columns_of, cut_off_why
from billing_providers.hooks.report_files import Sheet
from billing_providers.hooks.report_place import ReportPlace
from billing_providers.hooks.sheet_numbers import DecimalMark
from billing_providers.hooks.usage_fields import field_names
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead

NAME = "module metrics file"
PLACEHOLDERS = ("year", "month", "period_start", "period_end")
HEADINGS = {
    "module": ("Module",),
    "organization": ("Organization", "Organisation"),
    "billing_type": ("Billing Type",),
    "count": ("Count", "Quantity"),
    "organization_id": ("Organization ID", "Organisation ID"),
    "period": ("Period", "Date"),
    "unit": ("Unit", "Unit of Measure"),
}
_NEEDED = ("module", "organization", "billing_type", "count")
_FIELD_MAP = f"{NAME}, field_map"
_ROWS_PEEKED = 5000  # two more are read: the headings, and one to know that there are more


@dataclass(frozen=True, slots=True)
class MetricsFile:
    """The file of a period and how it is read.

    :param mark: the decimal mark; None: found out.
    :param source: key of the source, for the records.
    :param read_elsewhere: modules that are read from their own API.
    """

    place: ReportPlace
    modules: Modules
    mark: DecimalMark | None
    source: str
    headings: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(HEADINGS))
    must: frozenset[str] = frozenset(_NEEDED)
    read_elsewhere: frozenset[str] = frozenset()

    def read(self, period: BillingPeriod) -> UsageRead:
        """Read all rows of a period's file.

        :raises SettingsError: when the file cannot be trusted as a whole.
        :raises RequestError: when it is not there or the storage does not answer (code 03).
        """
        address = self._address(period)
        origin = without_credentials(address)
        sheet = self.place.read(address)
        # Asked after reading: a file that was written meanwhile has changed just now.
        fresh = self.place.not_there_why(address)
        why = _without_rows_why(sheet)
        if why:
            return UsageRead([], origin, complete=False, incomplete_why=why, notes=sheet.notes)
        counted = self._rows(sheet, period, origin).read(sheet)
        why = fresh or self._short_why(sheet, counted, period, origin)
        return UsageRead(
            records=counted.records,
            origin=origin,
            complete=not why,
            incomplete_why=why,
            malformed=counted.malformed,
            failed_customers=counted.failed(),
            notes=[*sheet.notes, *counted.notes()],
        )

    def not_ready_why(self, period: BillingPeriod) -> str:
        """Say that there is no whole file of the period yet; very long ones are judged by reading alone."""
        address = self._address(period)
        why = self.place.not_there_why(address)
        if why:
            return why
        sheet = self.place.read(address, rows_max=_ROWS_PEEKED + 2)
        why = _without_rows_why(sheet) or sheet.broken_off
        if why or sheet.more_rows or len(sheet.rows) > _ROWS_PEEKED:
            return why
        origin = without_credentials(address)
        return self._short_why(sheet, self._rows(sheet, period, origin).read(sheet), period, origin)

    def _address(self, period: BillingPeriod) -> str:
        return self.place.address(
            {
                "year": f"{period.start:%Y}",
                "month": f"{period.start:%m}",
                "period_start": period.start.isoformat(),
                "period_end": period.last_day.isoformat(),
            }
        )

    def _rows(self, sheet: Sheet, period: BillingPeriod, origin: str) -> MetricRows:
        columns = columns_of(sheet.headings, self.headings, self.must, where=origin)
        return MetricRows(columns, self.mark, self.modules, period, self.source, origin, self.read_elsewhere)

    def _short_why(self, sheet: Sheet, counted: CountedMetrics, period: BillingPeriod, origin: str) -> str:
        columns = columns_of(sheet.headings, self.headings, self.must, where=origin)
        last = next((name for name, heading in columns.items() if heading == sheet.headings[-1]), "unit")
        return (
            sheet.broken_off
            or cut_off_why(sheet, harmless=last == "unit")
            or _of_another_period(counted, period)
            or counted.missing_why(self.read_elsewhere)
        )


def metrics_file(
    place: ReportPlace,
    modules: Modules,
    *,
    field_map: dict[str, str] | None,
    number_format: str,
    source: str,
    read_elsewhere: frozenset[str] = frozenset(),
) -> MetricsFile:
    """Return a file with checked options; nothing is read yet.

    :raises SettingsError: for an unknown field, a needed one that is switched off, or an unknown number format.
    """
    mapped = field_map or {}
    names = field_names({name: first for name, (first, *_) in HEADINGS.items()}, mapped, where=_FIELD_MAP)
    for name in _NEEDED:
        if name not in names:
            raise SettingsError("cannot be left out", where=_FIELD_MAP, key=name, allowed="a heading")
    return MetricsFile(
        place=place,
        modules=modules,
        mark=_mark_of(number_format),
        source=source,
        headings={name: (names[name],) if name in mapped else HEADINGS[name] for name in names},
        must=frozenset({*_NEEDED, *(name for name in mapped if name in names)}),
        read_elsewhere=read_elsewhere,
    )


def _mark_of(number_format: Any) -> DecimalMark | None:
    if number_format == "auto":
        return None
    try:
        return DecimalMark(number_format)
    except ValueError:
        raise SettingsError(
            "unknown number format",
            where=NAME,
            key="number_format",
            value=number_format,
            allowed=", ".join(("auto", *DecimalMark)),
        ) from None


def _without_rows_why(sheet: Sheet) -> str:
    if sheet.rows:
        return ""
    return sheet.broken_off or ("the file has no rows so far" if sheet.headings else "the file is empty so far")


def _of_another_period(counted: CountedMetrics, period: BillingPeriod) -> str:
    found = sorted(set(months_of(counted)))
    if not found or any(period.start <= start and end <= period.end for start, end in found):
        return ""
    named = ", ".join(start.isoformat() for start, _ in found[:5])
    return f"no row is of the billing period {period}; the rows are of {named}"
