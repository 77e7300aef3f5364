"""rCloud's usage of a month, as a CSV or XLSX file on any storage that Airflow's ``ObjectStoragePath`` reads.

- Source: rCloud sends a client's billable space, its year and its month, "the only data points", and publishes no
  API (seen: the vendor's integration article). That the unit is GB, and the headings, are assumed; other headings go
  into ``field_map``: our field name → heading. Amounts, months and years: ``sheet_numbers``, ``sheet_months``.
- Example: ``source_options={"url": "s3://billing@exports/rcloud/{year}-{month}.csv"}``.
- Failing: a missing or doubtful column, a unit in the heading that is not ``unit``, or numbers that can be read in
  two ways refuse the file as settings errors, as no row of it could be trusted and no waiting helps. A file that is
  half-written, fresh, without rows or of another month is incomplete: waiting may help. A cell that is no amount, or
  a client with two figures, holds that client alone.
"""

from __future__ import annotations

import re
from datetime import date

from billing_providers.errors import SettingsError
from billing_providers.hooks.http.addresses import without_credentials
from billing_providers.hooks.rcloud_rows import UsageRows, month_after
from billing_providers.hooks.report_columns import columns_of, cut_off_why, heading_word
from billing_providers.hooks.report_files import Sheet
from billing_providers.hooks.report_place import ReportPlace
from billing_providers.hooks.sheet_months import names_year
from billing_providers.hooks.sheet_numbers import DecimalMark
from billing_providers.hooks.usage_fields import field_names
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead

# The first of each is ours; the others are what the vendor's pages call it. A unit in brackets may follow.
HEADINGS = {
    "client": ("Client Name", "Client"),
    "billable_space": ("Billable Space",),
    "year": ("Year",),
    "month": ("Month",),
    "managed_id": ("Managed ID", "ConnectWise Managed ID"),
}
_FIELD_MAP = "rCloud usage file, field_map"
_NEEDED = ("client", "billable_space", "month")
_BRACKETS = re.compile(r"[(\[]\s*([^)\]]*?)\s*[)\]]")
_UNIT = re.compile(r"(?:(?:kilo|mega|giga|tera|peta)|(?:ki|me|gi|te|pe)bi|[kmgtp]i?)?b(?:ytes?)?", re.IGNORECASE)


class RCloudUsageSource:
    """Reads the file of a month: one record per client, its billable space.

    The client's name is the customer code; the Managed ID, where the file has one, is the billing identifier.

    :param url: where the file is; may hold ``{year}``, ``{month}`` (two digits), ``{period_start}``, ``{period_end}``.
    :param conn_id: Airflow connection of the storage; None: as the URL says.
    :param field_map: our field name → heading, where it is none of the known ones. An empty heading: not read.
    :param kind: ``csv`` or ``xlsx``; empty: by the file's ending.
    :param sheet: worksheet of an XLSX file; empty: the first.
    :param delimiter: of a CSV file; empty: found out.
    :param encoding: of a CSV file; empty: found out.
    :param number_format: ``point`` or ``comma`` separates the decimals; ``auto``: found out, or the file is refused.
    :param unit: of the billable space, as the records state it.
    :param sku: of the records.
    :param whole_file_after_s: seconds since its last change after which a file is taken as whole.
    :raises SettingsError: for an unknown field, kind, placeholder or number format.
    """

    def __init__(
        self,
        url: str,
        *,
        conn_id: str | None = None,
        field_map: dict[str, str] | None = None,
        kind: str = "",
        sheet: str = "",
        delimiter: str = "",
        encoding: str = "",
        number_format: str = "auto",
        unit: str = "GB",
        sku: str = "billable_space",
        whole_file_after_s: int = 120,
    ) -> None:
        self._place = ReportPlace(
            "rCloud usage file",
            url,
            ("year", "month", "period_start", "period_end"),
            conn_id=conn_id,
            kind=kind,
            sheet=sheet,
            delimiter=delimiter,
            encoding=encoding,
            whole_file_after_s=whole_file_after_s,
        )
        mapped = field_map or {}
        names = field_names({name: first for name, (first, *_) in HEADINGS.items()}, mapped, where=_FIELD_MAP)
        self._headings = {name: (names[name],) if name in mapped else HEADINGS[name] for name in names}
        self._must = {*_NEEDED, *(name for name in mapped if name in names)}
        for name in _NEEDED:
            if name not in names:
                raise SettingsError("cannot be left out", where=_FIELD_MAP, key=name, allowed="a heading")
        self._mark = _mark_of(number_format)
        self._unit = unit.strip()
        self._sku = sku

    def read_usage(self, period: BillingPeriod, customers: tuple[str, ...] = ()) -> UsageRead:
        """Read all rows of a month's file.

        :raises SettingsError: when the period is no calendar month, or the file cannot be trusted as a whole.
        :raises RequestError: when the file is not there or the storage does not answer (code 03).
        """
        address = self._address(period)
        origin = without_credentials(address)
        sheet = self._place.read(address)
        # Asked after reading: a file that was written meanwhile has changed just now.
        fresh = self._place.not_there_why(address)
        why = _without_rows_why(sheet)
        if why:
            return UsageRead([], origin, complete=False, incomplete_why=why, notes=sheet.notes, never_repeats=True)
        rows = self._rows(sheet, origin)
        counted = rows.read(sheet)
        months = [record.period_start for record in counted.records if record.period_start is not None]
        why = fresh or self._cut_off_why(sheet, rows) or _of_another_month(months, period)
        return UsageRead(
            records=counted.records,
            origin=origin,
            complete=not why,
            incomplete_why=why,
            malformed=counted.malformed,
            failed_customers=counted.held,
            notes=[*sheet.notes, *counted.notes()],
            never_repeats=True,
        )

    def not_ready_why(self, period: BillingPeriod) -> str:
        """Say that there is no whole file of the month yet. The file is opened only when it is there and old enough;
        of very long ones only the first rows are looked at, and reading tells the rest.
        """
        address = self._address(period)
        why = self._place.not_there_why(address)
        if why:
            return why
        sheet = self._place.first_rows(address)
        why = _without_rows_why(sheet)
        if why:
            return why
        rows = self._rows(sheet, without_credentials(address))
        why = self._cut_off_why(sheet, rows)
        if why or sheet.more_rows:
            return why
        return _of_another_month(rows.months(sheet), period)

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the place of the file can be reached."""
        return self._place.test_connection()

    def _address(self, period: BillingPeriod) -> str:
        if period.start.day != 1 or period.end != month_after(period.start):
            raise SettingsError(
                "rCloud counts by calendar month",
                where="rCloud usage file",
                key="calendar",
                value=str(period),
                allowed="a BillingCalendar with anchor_day=1",
            )
        return self._place.address(
            {
                "year": f"{period.start:%Y}",
                "month": f"{period.start:%m}",
                "period_start": period.start.isoformat(),
                "period_end": period.last_day.isoformat(),
            }
        )

    def _rows(self, sheet: Sheet, origin: str) -> UsageRows:
        columns = columns_of(sheet.headings, self._headings, self._must, where=origin, word=_word)
        if "year" not in columns and not _months_name_years(sheet, columns["month"]):
            wanted = {"year": self._headings.get("year", HEADINGS["year"])}
            columns |= columns_of(sheet.headings, wanted, wanted, where=origin, word=_word)
        heading = columns["billable_space"]
        for said in [*_BRACKETS.findall(heading), heading.split()[-1]]:
            if _UNIT.fullmatch(said) and said.casefold() != self._unit.casefold():
                raise SettingsError(
                    f"the heading {heading!r} says another unit",
                    where=origin,
                    key="unit",
                    value=self._unit,
                    allowed=f"{said}, or an export in {self._unit}",
                )
        return UsageRows(columns, self._mark, self._unit, self._sku, origin)

    def _cut_off_why(self, sheet: Sheet, rows: UsageRows) -> str:
        """A month's or a year's first digits are no other month of the file, except 1 of 10, 11 and 12."""
        last = next((name for name, heading in rows.columns.items() if heading == sheet.headings[-1]), "")
        cell = sheet.rows[-1][1][-1] if sheet.rows else ""
        harmless = not last or last == "year" or (last == "month" and cell != "1")
        return sheet.broken_off or cut_off_why(sheet, harmless=harmless)


def _mark_of(number_format: str) -> DecimalMark | None:
    if number_format == "auto":
        return None
    try:
        return DecimalMark(number_format)
    except ValueError:
        raise SettingsError(
            "unknown number format",
            where="rCloud usage file",
            key="number_format",
            value=number_format,
            allowed=", ".join(("auto", *DecimalMark)),
        ) from None


def _months_name_years(sheet: Sheet, heading: str) -> bool:
    at = sheet.headings.index(heading)
    months = [cells[at] for _, cells in sheet.rows if at < len(cells) and isinstance(cells[at], str)]
    return all(names_year(month) for month in months if month.strip())


def _word(heading: str) -> str:
    return heading_word(_BRACKETS.sub("", heading))


def _without_rows_why(sheet: Sheet) -> str:
    if sheet.rows:
        return ""
    return sheet.broken_off or ("the file has no rows so far" if sheet.headings else "the file is empty so far")


def _of_another_month(months: list[date], period: BillingPeriod) -> str:
    if not months or period.start in months:
        return ""
    found = sorted(set(months))
    wanted = f"{period.start:%Y-%m}"
    if len(found) == 1 and month_after(found[0]) == period.start:
        return f"it is last month's file: all {len(months)} rows are of {found[0]:%Y-%m}, expected {wanted}"
    named = ", ".join(f"{month:%Y-%m}" for month in found[:5]) + (" …" if len(found) > 5 else "")
    return f"no row is of {wanted}; the rows are of {named}"
