"""Sherweb's charges out of an exported invoice, CSV or XLSX, on any storage that ``ObjectStoragePath`` reads.

- Source: the form of the export is not published. Headings are ours, after the names of the API's fields; others go
  into ``field_map``: our field name → heading. What a charge is and costs: the same code as for the API.
- Example: ``source_options={"url": "s3://billing@exports/sherweb/{year}-{month}.csv", "cost_basis": "net"}``.
- Failing: a missing or doubtful column, or numbers that can be read in two ways, refuse the file as settings errors. A
  file that is half-written, fresh, without rows or of another period is incomplete: waiting may help. A row that cannot
  be read holds its customer; one without a customer could be anybody's, so the whole is incomplete. A last row that is
  a total is compared with the rows.
"""

from __future__ import annotations

from billing_providers.errors import SettingsError
from billing_providers.hooks.http.addresses import without_credentials
from billing_providers.hooks.report_columns import columns_of, cut_off_why
from billing_providers.hooks.report_files import Sheet
from billing_providers.hooks.report_place import ReportPlace
from billing_providers.hooks.sheet_numbers import DecimalMark
from billing_providers.hooks.sw.charges import Form
from billing_providers.hooks.sw.options import DISPLAY_NAME, CostBasis, charge_options, chosen
from billing_providers.hooks.sw.records import ChargeReader, CountedCharges
from billing_providers.hooks.sw.sheet import EXPECTED, HARMLESS, HEADINGS, ID_TAG, NEEDED, OF_BASIS, InvoiceRows
from billing_providers.hooks.sw.span import Span
from billing_providers.hooks.usage_fields import RowFault, field_names
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead

_NAME = "Sherweb invoice file"
_SOURCE = "sherweb_invoice"
_FIELD_MAP = f"{_NAME}, field_map"


class SherwebInvoiceFile:
    """Reads the charges of a billing period from a file: one record per row.

    The customer's name is the customer code; where ``field_map`` names a column for ``customer_id``, that is.

    :param url: where the file is; may hold ``{year}``, ``{month}`` (two digits), ``{period_start}``, ``{period_end}``.
    :param cost_basis: ``net_without_performance_tier``, ``net`` or ``list``.
    :param quantity_places: decimal places that a quantity of more than 15 digits may have; None: it holds its customer.
    :param final_only: whether usage charges that are marked as not billed make the read incomplete.
    :param conn_id: Airflow connection of the storage; None: as the URL says.
    :param field_map: our field name → heading, where it is none of the known ones. An empty heading: not read.
    :param kind: ``csv`` or ``xlsx``; empty: by the file's ending.
    :param sheet: worksheet of an XLSX file; empty: the first.
    :param delimiter: of a CSV file; empty: found out.
    :param encoding: of a CSV file; empty: found out.
    :param number_format: ``point`` or ``comma`` separates the decimals; ``auto``: found out, or the file is refused.
    :param date_format: of dates that are not written YYYY-MM-DD, e.g. ``%m/%d/%Y``; empty: others are refused.
    :param whole_file_after_s: seconds since its last change after which a file is taken as whole.
    :raises SettingsError: for an unknown or contradictory option.
    """

    def __init__(
        self,
        url: str,
        *,
        cost_basis: str = CostBasis.WITHOUT_TIER.value,
        quantity_places: int | None = None,
        final_only: bool = True,
        conn_id: str | None = None,
        field_map: dict[str, str] | None = None,
        kind: str = "",
        sheet: str = "",
        delimiter: str = "",
        encoding: str = "",
        number_format: str = "auto",
        date_format: str = "",
        whole_file_after_s: int = 120,
    ) -> None:
        self._place = ReportPlace(
            _NAME,
            url,
            ("year", "month", "period_start", "period_end"),
            conn_id=conn_id,
            kind=kind,
            sheet=sheet,
            delimiter=delimiter,
            encoding=encoding,
            whole_file_after_s=whole_file_after_s,
        )
        mapped = dict(field_map or {})
        self._headings = _headings(mapped)
        by_id = "customer_id" in self._headings
        self._options = charge_options(cost_basis, DISPLAY_NAME, ID_TAG if by_id else "", quantity_places)
        self._must = {
            *(name for name in (*NEEDED, *EXPECTED, *mapped) if name in self._headings),
            *OF_BASIS[self._options.cost_basis],
        }
        marks = tuple(DecimalMark)
        number_format = chosen(number_format, ("auto", *marks), "number_format")
        self._mark = None if number_format == "auto" else DecimalMark(number_format)
        self._date_format, self._final_only = date_format, final_only

    def read_usage(self, period: BillingPeriod, customers: tuple[str, ...] = ()) -> UsageRead:
        """Read all rows of a period's file.

        :raises SettingsError: when the file cannot be trusted as a whole.
        :raises RequestError: when the file is not there or the storage does not answer (code 03).
        """
        address = self._address(period)
        origin = without_credentials(address)
        sheet = self._place.read(address)
        # Asked after reading: a file that was written meanwhile has changed just now.
        fresh = self._place.not_there_why(address)
        why = _without_rows_why(sheet)
        if why:
            return UsageRead([], origin, complete=False, incomplete_why=why, notes=sheet.notes)
        rows = self._rows(sheet, origin)
        counted, short = self._read(sheet, rows, period)
        why = "; ".join(filter(None, (fresh, short)))
        return UsageRead(
            records=counted.records,
            origin=origin,
            complete=not why,
            incomplete_why=why,
            malformed=rows.named(counted.malformed),
            failed_customers=counted.failed,
            notes=[*sheet.notes, *counted.notes()],
        )

    def not_ready_why(self, period: BillingPeriod) -> str:
        """Say that there is no whole file of the period yet; very long ones are judged by reading alone."""
        address = self._address(period)
        why = self._place.not_there_why(address)
        if why:
            return why
        sheet = self._place.first_rows(address)
        why = _without_rows_why(sheet) or sheet.broken_off
        if why or sheet.more_rows:
            return why
        return self._read(sheet, self._rows(sheet, without_credentials(address)), period)[1]

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the place of the file can be reached."""
        return self._place.test_connection()

    def _address(self, period: BillingPeriod) -> str:
        return self._place.address(
            {
                "year": f"{period.start:%Y}",
                "month": f"{period.start:%m}",
                "period_start": period.start.isoformat(),
                "period_end": period.last_day.isoformat(),
            }
        )

    def _rows(self, sheet: Sheet, origin: str) -> InvoiceRows:
        columns = columns_of(sheet.headings, self._headings, self._must, where=origin)
        return InvoiceRows(columns, self._mark, self._date_format, origin)

    def _read(self, sheet: Sheet, rows: InvoiceRows, period: BillingPeriod) -> tuple[CountedCharges, str]:
        """Return what the rows come to, and why that is not the whole period."""
        span, of_other = _span(rows, sheet, period)
        reader = ChargeReader(_SOURCE, self._options, span, Form.FILE)
        charges, total_why = rows.charges(sheet)
        counted = reader.read(charges)
        open_why = counted.open_why() if self._final_only else ""
        short = (self._cut_off_why(sheet, rows), of_other or _of_no_day(counted, period), total_why, open_why)
        return counted, "; ".join(filter(None, short))

    def _cut_off_why(self, sheet: Sheet, rows: InvoiceRows) -> str:
        last = next((name for name, heading in rows.columns.items() if heading == sheet.headings[-1]), "")
        return sheet.broken_off or cut_off_why(sheet, harmless=not last or last in HARMLESS)


def _headings(mapped: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Return our field → the headings under which it may stand. The customer's id is read only where it is mapped."""
    names = field_names({name: first for name, (first, *_) in HEADINGS.items()}, mapped, where=_FIELD_MAP)
    for name in NEEDED:
        if name not in names:
            raise SettingsError("cannot be left out", where=_FIELD_MAP, key=name, allowed="a heading")
    if "customer_id" not in mapped:
        del names["customer_id"]
    return {name: (heading,) if name in mapped else HEADINGS[name] for name, heading in names.items()}


def _span(rows: InvoiceRows, sheet: Sheet, period: BillingPeriod) -> tuple[Span, str]:
    """Return the billing period that the rows name, or else the one asked for; and why it is another."""
    asked = Span(period.start, period.end)
    try:
        told = rows.spans(sheet)
    except RowFault as fault:
        return asked, f"{fault.field}: {fault.error}"
    if len(told) > 1:
        listed = ", ".join(map(str, told[:5]))
        return asked, f"the rows are of {len(told)} billing periods ({listed}), asked was {period}"
    return (told[0], told[0].differs_why(period)) if told else (asked, "")


def _of_no_day(counted: CountedCharges, period: BillingPeriod) -> str:
    if counted.records or not counted.malformed or any(row.field != "periodFrom" for row in counted.malformed):
        return ""
    return f"no row covers a day of {period}; {counted.malformed[0].position}: {counted.malformed[0].error}"


def _without_rows_why(sheet: Sheet) -> str:
    if sheet.rows:
        return ""
    return sheet.broken_off or ("the file has no rows so far" if sheet.headings else "the file is empty so far")
