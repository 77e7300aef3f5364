"""Counts of Kaseya modules in a CSV or XLSX file: module, organization, billing type, count; several modules in one.

- Source: no public API returns the metrics that Kaseya's modules hand to Integrated Customer Billing (seen: none was
  found), so a file is the honest way. The format is ours; billing types are those of the vendor's list.
- SKUs: ``SaaS Protection - Users``: module, hyphen, billing type. The customer code is ``<module>: <organization>``
  (its id where the file has one), as one customer has another name in each module; a grid brings them together.
- Example: ``source_options={"url": "s3://billing@inbox/metrics-{year}-{month}.csv",
  "modules": {"SaaS Protection": "2026-09-01"}}``.
- Failing: a missing column or numbers that can be read in two ways refuse the file; a file that is half-written,
  fresh, of another period, or without any row of a module that counts is incomplete; a count that is negative, not
  whole or contradicted holds that organization of that module; a module that nobody enabled is held, the rest goes on.
"""

from __future__ import annotations

from typing import Any

from billing_providers.hooks.metrics.file import NAME, PLACEHOLDERS, metrics_file
from billing_providers.hooks.metrics.modules import modules_of
from billing_providers.hooks.report_place import ReportPlace
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead


class ModuleMetricsSource:
    """Reads the file of a period: one record per module, organization and billing type.

    :param url: where the file is; may hold ``{year}``, ``{month}`` (two digits), ``{period_start}``, ``{period_end}``.
    :param modules: module → date from which it counts. A period counts whole or not at all.
    :param conn_id: Airflow connection of the storage; None: as the URL says.
    :param field_map: our field name → heading, where it is none of the known ones. An empty heading: not read.
    :param kind: ``csv`` or ``xlsx``; empty: by the file's ending.
    :param sheet: worksheet of an XLSX file; empty: the first.
    :param delimiter: of a CSV file; empty: found out.
    :param encoding: of a CSV file; empty: found out.
    :param number_format: ``point`` or ``comma`` separates the decimals; ``auto``: found out, or the file is refused.
    :param whole_file_after_s: seconds since its last change after which a file is taken as whole.
    :raises SettingsError: for an unknown field, kind, placeholder or number format, and for modules without date.
    """

    def __init__(
        self,
        url: str,
        *,
        modules: dict[str, Any],
        conn_id: str | None = None,
        field_map: dict[str, str] | None = None,
        kind: str = "",
        sheet: str = "",
        delimiter: str = "",
        encoding: str = "",
        number_format: str = "auto",
        whole_file_after_s: int = 120,
    ) -> None:
        self._place = ReportPlace(
            NAME,
            url,
            PLACEHOLDERS,
            conn_id=conn_id,
            kind=kind,
            sheet=sheet,
            delimiter=delimiter,
            encoding=encoding,
            whole_file_after_s=whole_file_after_s,
        )
        self._file = metrics_file(
            self._place,
            modules_of(modules, where=NAME),
            field_map=field_map,
            number_format=number_format,
            source="module_metrics",
        )

    def read_usage(self, period: BillingPeriod, customers: tuple[str, ...] = ()) -> UsageRead:
        """Read all rows of a period's file.

        :raises SettingsError: when the file cannot be trusted as a whole.
        :raises RequestError: when the file is not there or the storage does not answer (code 03).
        """
        return self._file.read(period)

    def not_ready_why(self, period: BillingPeriod) -> str:
        """Say that there is no whole file of the period yet."""
        return self._file.not_ready_why(period)

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the place of the file can be reached."""
        return self._place.test_connection()
