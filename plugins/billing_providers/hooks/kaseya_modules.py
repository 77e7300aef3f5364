"""Kaseya's modules as one source: Datto RMM from its API, every other module from a metrics file.

- Facts: those of :mod:`billing_providers.hooks.datto_rmm` and :mod:`billing_providers.hooks.module_metrics`.
- Each module is switched on by the day from which it counts (option ``modules``), Datto RMM too. Without a Datto RMM
  connection its rows come from the file like those of any other module.
- Identity: the customer code is ``<module>: <organization>``; for Datto RMM ``Datto RMM: <site uid>``.
- Example: ``source_options={"metrics_url": "s3://billing@inbox/metrics-{year}-{month}.csv",
  "modules": {"Datto RMM": "2026-09-01", "SaaS Protection": "2026-10-01"}}``.
- Failing: the whole is incomplete when either part is; what fails in one part is said as that part says it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import Any

from billing_providers.errors import BillingError, FailureClass, SettingsError
from billing_providers.hooks.connections import ConnectionFields
from billing_providers.hooks.drmm.api import DrmmApi, api_of
from billing_providers.hooks.drmm.devices import ALL_DEVICES, count_options
from billing_providers.hooks.drmm.reading import MODULE, read_devices, reading_works
from billing_providers.hooks.http.client import Clocks, HttpClient
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.repeats import Limits
from billing_providers.hooks.metrics.file import NAME, PLACEHOLDERS, metrics_file
from billing_providers.hooks.metrics.modules import modules_of
from billing_providers.hooks.report_place import ReportPlace
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead

_SOURCE = "kaseya_modules"
_LIMITS = Limits(backoff_s=4.0, backoff_s_max=60.0)  # a 429 means that the window of a minute is full


class KaseyaModulesSource:
    """Reads Datto RMM, where it counts, and the metrics file, and returns both as one reading.

    :param datto_rmm_conn_id: Airflow connection of Datto RMM; empty: its rows come from the file.
    :param metrics_url: where the file is; may hold ``{year}``, ``{month}``, ``{period_start}``, ``{period_end}``;
        empty: no file, Datto RMM alone.
    :param modules: module → date from which it counts. A period counts whole or not at all.
    :param billing_types: what is counted of Datto RMM.
    :param not_billable_filter: name of the Datto RMM filter whose devices are not counted; empty: none.
    :param filter_must_exist: whether it is an error that there is no such filter; otherwise a note.
    :param count_suspended: whether suspended devices are counted.
    :param conn_id: Airflow connection of the file's storage; None: as the URL says.
    :param field_map: our field name → heading of the file. An empty heading: not read.
    :param kind: ``csv`` or ``xlsx``; empty: by the file's ending.
    :param sheet: worksheet of an XLSX file; empty: the first.
    :param delimiter: of a CSV file; empty: found out.
    :param encoding: of a CSV file; empty: found out.
    :param number_format: ``point``, ``comma`` or ``auto``.
    :param whole_file_after_s: seconds since its last change after which the file is taken as whole.
    :param limits: bounds of the requests to Datto RMM.
    :param clocks: time and chance, for tests.
    :raises SettingsError: as both parts say, and when modules are enabled that no part can read.
    """

    def __init__(
        self,
        datto_rmm_conn_id: str = "datto_rmm_default",
        *,
        modules: dict[str, Any],
        metrics_url: str = "",
        billing_types: Sequence[str] = (ALL_DEVICES,),
        not_billable_filter: str = "_NotBillable_",
        filter_must_exist: bool = False,
        count_suspended: bool = True,
        conn_id: str | None = None,
        field_map: dict[str, str] | None = None,
        kind: str = "",
        sheet: str = "",
        delimiter: str = "",
        encoding: str = "",
        number_format: str = "auto",
        whole_file_after_s: int = 120,
        limits: Limits | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        self._conn_id = datto_rmm_conn_id
        self._modules = modules_of(modules, where="Kaseya modules")
        self._options = count_options(billing_types, not_billable_filter, filter_must_exist, count_suspended)
        self._limits, self._clocks = limits or _LIMITS, clocks or Clocks()
        self._opening = Lock()
        self._by_api = bool(datto_rmm_conn_id) and MODULE in self._modules.counted_from
        by_file = [module for module in self._modules.counted_from if not (self._by_api and module == MODULE)]
        if by_file and not metrics_url:
            raise SettingsError(
                f"{', '.join(by_file)} can only be read from a file",
                where="Kaseya modules",
                key="metrics_url",
                value=metrics_url,
                allowed="the URL of a metrics file",
            )
        self._place = self._file = None
        if metrics_url:
            self._place = ReportPlace(
                NAME,
                metrics_url,
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
                self._modules,
                field_map=field_map,
                number_format=number_format,
                source=_SOURCE,
                read_elsewhere=frozenset({MODULE} if self._by_api else ()),
            )

    @property
    def client(self) -> HttpClient:
        """The HTTP client for Datto RMM; ``client.calls`` counts what was sent."""
        return self._opened().client

    def read_usage(self, period: BillingPeriod, customers: tuple[str, ...] = ()) -> UsageRead:
        """Read both parts; all organizations, as who shares an account is known only then.

        :raises SettingsError: when the file cannot be trusted as a whole.
        :raises RequestError: when a part cannot be read (code 03).
        """
        parts: list[UsageRead] = []
        notes: list[str] = []
        if self._by_api and self._modules.counts(MODULE, period):
            parts.append(read_devices(self._opened(), self._options, period, _SOURCE, _site_code))
        elif self._by_api:
            day = self._modules.counted_from[MODULE].isoformat()
            notes.append(f"{MODULE} counts from {day}, so it was not read")
        if self._file is not None:
            parts.append(self._file.read(period))
        return UsageRead(
            records=[record for part in parts for record in part.records],
            origin=" and ".join(part.origin for part in parts) or "no module counts yet",
            complete=all(part.complete for part in parts),
            incomplete_why="; ".join(part.incomplete_why for part in parts if part.incomplete_why),
            malformed=[row for part in parts for row in part.malformed],
            failed_customers={code: why for part in parts for code, why in part.failed_customers.items()},
            notes=[*notes, *(note for part in parts for note in part.notes)],
        )

    def not_ready_why(self, period: BillingPeriod) -> str:
        """Say that there is no whole file of the period yet; Datto RMM can always be read."""
        return self._file.not_ready_why(period) if self._file is not None else ""

    def test_connection(self) -> tuple[bool, str]:
        """Tell of both parts whether they can be read."""
        told: list[tuple[bool, str]] = []
        if self._by_api:
            try:
                told.append(reading_works(self._opened(), self._options, self._fields.login()))
            except BillingError as error:
                told.append((False, str(error)))
        if self._place is not None:
            told.append(self._place.test_connection())
        return all(works for works, _ in told), " ".join(said for _, said in told)

    def _opened(self) -> DrmmApi:
        with self._opening:
            return self._api

    @cached_property
    def _fields(self) -> ConnectionFields:
        return ConnectionFields("datto_rmm", self._conn_id)

    @cached_property
    def _api(self) -> DrmmApi:
        voice = ErrorVoice(MODULE, finding_number=3, failure_class=FailureClass.SOURCE)
        return api_of(self._fields, voice, self._limits, self._clocks)


def _site_code(uid: str) -> str:
    return f"{MODULE}: {uid}"
