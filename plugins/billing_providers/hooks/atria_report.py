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

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any

from billing_providers.errors import FailureClass, SettingsError, Unreachable
from billing_providers.hooks.http.addresses import without_credentials
from billing_providers.hooks.report_files import Refused, Sheet, read_csv, read_xlsx
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
    ) -> None:
        self._url = url
        self._conn_id = conn_id
        self._named = frozenset(field_map or {})
        self._headings = field_names(HEADINGS, field_map, where="Atria report, field_map")
        self._kind = kind or PurePosixPath(url).suffix.removeprefix(".").casefold()
        if self._kind not in {"csv", "txt", "xlsx"}:
            raise SettingsError(
                "unknown kind of file", where="Atria report", key="kind", value=self._kind, allowed="csv, xlsx"
            )
        self._sheet = sheet
        self._delimiter = delimiter
        self._encoding = encoding
        self._decimal_comma = decimal_comma
        self._exclusive_end = exclusive_end

    def read_usage(self, period: BillingPeriod, customers: tuple[str, ...] = ()) -> UsageRead:
        """Read all rows of the report of a period."""
        url = self._url_of(period)
        origin = without_credentials(url)
        sheet = self._sheet_of(url, origin)
        if not sheet.headings or (sheet.broken_off and not sheet.rows):
            why = sheet.broken_off or "the file is empty"
            return UsageRead(records=[], origin=origin, complete=False, incomplete_why=why, notes=sheet.notes)
        reader = RowReader(
            "atria_report",
            self._columns(sheet.headings, origin),
            end_is_last_day=not self._exclusive_end,
            decimal_comma=self._decimal_comma,
        )
        records: list[UsageRecord] = []
        malformed: list[MalformedRow] = []
        for read in _records(sheet, reader):
            records.append(read) if isinstance(read, UsageRecord) else malformed.append(read)
        why = sheet.broken_off or _maybe_cut_off(sheet, reader) or _of_other_periods(records, period)
        return UsageRead(
            records=records,
            origin=origin,
            complete=not why,
            incomplete_why=why,
            malformed=malformed,
            notes=sheet.notes,
        )

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the place of the report can be reached."""
        from airflow.sdk import ObjectStoragePath

        folder = re.split(r"[^/]*{period_(?:start|end)}", self._url, maxsplit=1)[0]
        shown = without_credentials(folder)
        try:
            found = ObjectStoragePath(folder, conn_id=self._conn_id).exists()
        except Exception as error:  # every storage has its own errors, and this only tells
            return False, f"{shown} cannot be reached ({type(error).__name__})"
        return found, f"{shown} {'can be read' if found else 'does not exist'}"

    def _url_of(self, period: BillingPeriod) -> str:
        last = period.end if self._exclusive_end else period.last_day
        dates = {"period_start": period.start.isoformat(), "period_end": last.isoformat()}
        for name in re.findall(r"{([^{}]*)}", self._url):
            if name not in dates:
                allowed = "{period_start}, {period_end}"
                raise SettingsError("unknown placeholder", where="Atria report", key="url", value=name, allowed=allowed)
        return re.sub(r"{(\w+)}", lambda found: dates[found[1]], self._url)

    def _sheet_of(self, url: str, origin: str) -> Sheet:
        from airflow.sdk import ObjectStoragePath

        try:
            with ObjectStoragePath(url, conn_id=self._conn_id).open("rb") as file:
                content = file.read()
        except OSError as error:
            problem = "there is no such file" if isinstance(error, FileNotFoundError) else type(error).__name__
            raise Unreachable(
                f"Atria report {origin}: {problem}", url=origin, finding_number=3, failure_class=FailureClass.SOURCE
            ) from None
        if not content.strip():
            return Sheet()
        if self._kind == "xlsx":
            return read_xlsx(content, sheet_name=self._sheet, where=origin)
        return read_csv(content, delimiter=self._delimiter, encoding=self._encoding, where=origin)

    def _columns(self, headings: list[str], origin: str) -> dict[str, str]:
        """Return our field → heading as the file writes it.

        :raises SettingsError: for two equal headings, a mapped heading that is missing, or a needed one.
        """
        by_word: dict[str, str] = {}
        for heading in filter(None, headings):
            if _word(heading) in by_word:
                raise SettingsError("two columns have the same heading", where=origin, key=heading)
            by_word[_word(heading)] = heading
        columns = {}
        for field, heading in self._headings.items():
            found = by_word.get(_word(heading))
            if found is not None:
                columns[field] = found
            elif field in self._named or field in _NEEDED:
                near = get_close_matches(heading, headings, 1, 0.5)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise SettingsError(
                    f"no column has this heading{hint}",
                    where=origin,
                    key=field,
                    value=heading,
                    allowed=", ".join(filter(None, headings)),
                )
        return columns


def _records(sheet: Sheet, reader: RowReader) -> Iterator[UsageRecord | MalformedRow]:
    wanted = set(reader.names.values())
    for number, cells in sheet.rows:
        position = f"row {number}"
        held: dict[str, Any] = {name: cell for name, cell in zip(sheet.headings, cells, strict=False) if name}
        row = {name: "" if isinstance(cell, Refused) else cell for name, cell in held.items()}
        faults = [(name, cell.why) for name, cell in held.items() if isinstance(cell, Refused) and name in wanted]
        if len(cells) != len(sheet.headings):
            faults.append(("row", f"has {len(cells)} cells under {len(sheet.headings)} headings"))
        if not faults:
            yield reader.record(row, position)
            continue
        code, name = (row.get(reader.names.get(field, ""), "") for field in ("customer_code", "customer_name"))
        yield MalformedRow(position, *faults[0], customer_code=code, customer_name=name)


def _maybe_cut_off(sheet: Sheet, reader: RowReader) -> str:
    """A last cell without line end may be a part of its text: harmless in a description, not in a number or an id."""
    fields = {name: field for field, name in reader.names.items()}
    last = sheet.headings[-1]
    if not sheet.open_end or fields.get(last, "plan") in _HARMLESS:
        return ""
    return f"the last row has no line end, so its {last} may be cut off; end the file with a line break"


def _of_other_periods(records: list[UsageRecord], period: BillingPeriod) -> str:
    ends = {record.period_end for record in records if record.period_end is not None}
    if not ends or period.end in ends:
        return ""
    found = ", ".join(sorted(str(end) for end in ends)[:3])
    return f"Incorrect billing period date or format recognized: rows end before {found}, expected {period.end}"


def _word(heading: str) -> str:
    return re.sub(r"[\s_\-]+", "", heading).casefold()
