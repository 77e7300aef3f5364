"""Atria's billing report, exported as CSV or XLSX to any place that Airflow's ``ObjectStoragePath`` reads.

- Source: the headings of the report are *not published*; the default ones are ours, compared without regard to
  case, blanks, hyphens and underscores. Others go into ``field_map``: our field name → heading.
- Example: ``source_options={"url": "s3://billing@exports/atria/{period_end}.csv"}``; ``{period_start}`` and
  ``{period_end}`` (the last day) are filled with the period's dates.
- Failing: an empty or half-written file (also one whose last cell may be cut off), or one with rows of other periods
  only, is read as incomplete; a file that is not there is code 03; an unknown heading in the field map is a settings
  error that names the near ones.
"""

from __future__ import annotations

from collections.abc import Iterator

from billing_providers.hooks.http.addresses import without_credentials
from billing_providers.hooks.report_columns import columns_of, cut_off_why, rows_of
from billing_providers.hooks.report_files import Sheet
from billing_providers.hooks.report_place import ReportPlace
from billing_providers.hooks.usage_fields import RowReader, field_names
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import MalformedRow, UsageRead
from billing_providers.model.usage import UsageRecord

HEADINGS = {
    "record_id": "Record Id",
    "customer_code": "Customer Code",
    "customer_name": "Customer Name",
    "billing_identifier": "Billing Identifier",
    "sku": "SKU",
    "description": "Line Description",
    "summary": "Summary Description",
    "term": "Term",
    "billing_cycle": "Billing Cycle",
    "item_id": "Item Id",
    "kind": "Kind",
    "quantity": "Quantity",
    "assigned": "Assigned",
    "enabled": "Enabled",
    "total": "Total",
    "unit": "Unit",
    "unit_cost": "Unit Cost",
    "unit_price": "Unit Price",
    "total_cost": "Total Cost",
    "total_price": "Total Price",
    "currency": "Currency",
    "billable": "Billable",
    "period_start": "Period Start",
    "period_end": "Period End",
    "actor": "User",
    "plan": "Plan",
}
_HARMLESS = frozenset({"customer_name", "description", "summary", "actor", "plan"})
_NEEDED = ("customer_code", "sku", "quantity")


class AtriaReportSource:
    """Reads the same records as the API from an exported report.

    :param url: where the file is; may hold ``{period_start}`` and ``{period_end}``.
    :param conn_id: Airflow connection of the storage; None: as the URL says.
    :param field_map: our field name → heading, where it is not the default.
    :param kind: ``csv`` or ``xlsx``; empty: by the file's ending.
    :param sheet: worksheet of an XLSX file; empty: the first.
    :param delimiter: of a CSV file; empty: found out.
    :param encoding: of a CSV file; empty: found out.
    :param decimal_comma: whether a comma separates the decimals; otherwise a comma makes the row malformed.
    :param exclusive_end: whether ``Period End`` is the day after the last.
    :param whole_file_after_s: seconds since its last change after which a file that is waited for is taken as whole.
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
        decimal_comma: bool = False,
        exclusive_end: bool = False,
        whole_file_after_s: int = 120,
    ) -> None:
        self._place = ReportPlace(
            "Atria report",
            url,
            ("period_start", "period_end"),
            conn_id=conn_id,
            kind=kind,
            sheet=sheet,
            delimiter=delimiter,
            encoding=encoding,
            whole_file_after_s=whole_file_after_s,
        )
        self._named = frozenset(field_map or {})
        self._headings = field_names(HEADINGS, field_map, where="Atria report, field_map")
        self._decimal_comma = decimal_comma
        self._exclusive_end = exclusive_end

    def read_usage(self, period: BillingPeriod, customers: tuple[str, ...] = ()) -> UsageRead:
        """Read all rows of the report of a period."""
        address = self._address(period)
        origin = without_credentials(address)
        sheet = self._place.read(address)
        why = _without_rows_why(sheet)
        if why:
            return UsageRead(records=[], origin=origin, complete=False, incomplete_why=why, notes=sheet.notes)
        reader = self._reader(sheet, origin)
        records: list[UsageRecord] = []
        malformed: list[MalformedRow] = []
        for read in _records(sheet, reader):
            records.append(read) if isinstance(read, UsageRecord) else malformed.append(read)
        why = _short_why(sheet, reader) or _of_other_periods(records, period)
        return UsageRead(
            records=records,
            origin=origin,
            complete=not why,
            incomplete_why=why,
            malformed=malformed,
            notes=sheet.notes,
        )

    def not_ready_why(self, period: BillingPeriod) -> str:
        """Say that there is no whole report of the period yet. The file is opened only when it is there and old enough;
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
        reader = self._reader(sheet, without_credentials(address))
        short = _short_why(sheet, reader)
        if short or sheet.more_rows:
            return short
        found = [read for read in _records(sheet, reader) if isinstance(read, UsageRecord)]
        return _of_other_periods(found, period)

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the place of the report can be reached."""
        return self._place.test_connection()

    def _address(self, period: BillingPeriod) -> str:
        last = period.end if self._exclusive_end else period.last_day
        return self._place.address({"period_start": period.start.isoformat(), "period_end": last.isoformat()})

    def _reader(self, sheet: Sheet, origin: str) -> RowReader:
        wanted = {field: (heading,) for field, heading in self._headings.items()}
        return RowReader(
            "atria_report",
            columns_of(sheet.headings, wanted, {*_NEEDED, *self._named}, where=origin),
            end_is_last_day=not self._exclusive_end,
            decimal_comma=self._decimal_comma,
        )


def _records(sheet: Sheet, reader: RowReader) -> Iterator[UsageRecord | MalformedRow]:
    for row in rows_of(sheet, set(reader.names.values())):
        if not row.faults:
            yield reader.record(row.cells, row.position)
            continue
        code, name = (row.cells.get(reader.names.get(field, ""), "") for field in ("customer_code", "customer_name"))
        yield MalformedRow(row.position, *row.faults[0], customer_code=code, customer_name=name)


def _without_rows_why(sheet: Sheet) -> str:
    if not sheet.headings or (sheet.broken_off and not sheet.rows):
        return sheet.broken_off or "the file is empty"
    return ""


def _short_why(sheet: Sheet, reader: RowReader) -> str:
    """Say that rows are missing, or that the last cell may be cut off: harmless in a description, not in a number."""
    fields = {name: field for field, name in reader.names.items()}
    return sheet.broken_off or cut_off_why(sheet, harmless=fields.get(sheet.headings[-1], "plan") in _HARMLESS)


def _of_other_periods(records: list[UsageRecord], period: BillingPeriod) -> str:
    ends = {record.period_end for record in records if record.period_end is not None}
    if not ends or period.end in ends:
        return ""
    found = ", ".join(sorted(str(end) for end in ends)[:3])
    return f"Incorrect billing period date or format recognized: rows end before {found}, expected {period.end}"
