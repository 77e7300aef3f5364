"""Any vendor with a JSON usage endpoint, by configuration alone, on Airflow's own ``http`` connection.

- What it is for: vendors that answer one request per billing period with a list of objects, in one answer or in pages.
- Example (Meterline, made up; the whole of it is on the docs page)::

    {"path": "/v1/tenants/harbour/usage", "params": {"from": "{period_start}", "to": "{period_end}"},
     "rows": "data.entries", "fields": {"customer_code": "customer.ref", "sku": "meter", "quantity": "amount"},
     "complete": "final", "record_count": "summary.count", "control_total": "summary.amount",
     "paging": {"kind": "cursor", "param": "cursor", "next": "next_cursor"}}

- Failing: an answer that is short, unfinished or about another period is read as incomplete, with the reason; a row
  that cannot be read is reported with its position; pages that repeat or lead elsewhere are errors; a request that
  fails is code 03. What is unknown or contradictory in the options is a settings error before anything is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from threading import Lock
from typing import Any

from billing_providers.errors import BillingError, FailureClass
from billing_providers.hooks.http.client import Clocks, HttpClient
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.repeats import Limits
from billing_providers.hooks.http_source.checks import AnswerChecks
from billing_providers.hooks.http_source.connection import FixedHeaders, read_connection
from billing_providers.hooks.http_source.pages import PageWalk, Received
from billing_providers.hooks.http_source.paging import paging_of
from billing_providers.hooks.http_source.request import request_of
from billing_providers.hooks.http_source.rows import row_reader_of
from billing_providers.hooks.http_source.words import flag, text, wrong
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import MalformedRow, UsageRead


class HttpUsageSource:
    """Reads usage from one endpoint. Safe to use from several threads; nothing is read before it is needed.

    Dotted names step into nested objects of an answer. Placeholders in path, params and body are ``{period_start}``,
    ``{period_end}`` (the day after the last), ``{period_last_day}``, ``{year}`` and ``{month}``.

    :param http_conn_id: Airflow connection of type ``http``: base URL, Basic login, headers in the extra.
    :param path: below the base URL.
    :param fields: our field → dotted name in a row.
    :param constants: our field → fixed text, e.g. the SKU.
    :param method: ``GET``, or ``POST`` for a call that only reads: it is repeated like one.
    :param params: query.
    :param body: JSON object of a POST.
    :param rows: dotted name of the list; empty: the answer is the list.
    :param paging: see :mod:`billing_providers.hooks.http_source.paging`.
    :param complete: dotted name of what must be true.
    :param record_count: dotted name of the number of rows.
    :param control_total: dotted name of the sum of all quantities.
    :param period_start: dotted name of the first day in the answer.
    :param period_end: dotted name of the period's end in the answer.
    :param end_is_last_day: whether the vendor prints a period's last day rather than the day after, in answer and rows.
    :param decimal_comma: whether a comma separates the decimals in texts; otherwise a comma makes the row malformed.
    :param never_repeats: whether two periods never agree in every figure, so that a repeat is a stale copy.
    :param allow_http: whether plain http to another machine is accepted; for tests only.
    :param limits: bounds of the requests.
    :param clocks: time and chance, for tests.
    :raises SettingsError: for options that are unknown or contradict each other.
    """

    conn_name_attr = "http_conn_id"
    default_conn_name = "http_default"
    conn_type = "http"
    key = "http_usage"

    def __init__(
        self,
        http_conn_id: str = default_conn_name,
        *,
        path: str,
        fields: Mapping[str, str],
        constants: Mapping[str, str] | None = None,
        method: str = "GET",
        params: Mapping[str, object] | None = None,
        body: Mapping[str, Any] | None = None,
        rows: str = "",
        paging: Mapping[str, Any] | None = None,
        complete: str = "",
        record_count: str = "",
        control_total: str = "",
        period_start: str = "",
        period_end: str = "",
        end_is_last_day: bool = False,
        decimal_comma: bool = False,
        never_repeats: bool = False,
        allow_http: bool = False,
        limits: Limits | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        self.http_conn_id = http_conn_id
        self._request = request_of(path=path, method=method, params=params, body=body)
        self._paging = paging_of(paging, method=self._request.method)
        self._rows = text(rows, "rows")
        self._reader = row_reader_of(
            self.key,
            fields,
            constants,
            end_is_last_day=flag(end_is_last_day, "end_is_last_day"),
            decimal_comma=flag(decimal_comma, "decimal_comma"),
        )
        self._checks = AnswerChecks(
            complete=text(complete, "complete"),
            record_count=text(record_count, "record_count"),
            control_total=text(control_total, "control_total"),
            period_start=text(period_start, "period_start"),
            period_end=text(period_end, "period_end"),
            end_is_last_day=end_is_last_day,
            decimal_comma=decimal_comma,
        )
        self._never_repeats = flag(never_repeats, "never_repeats")
        self._allow_http = flag(allow_http, "allow_http")
        self._limits = limits or Limits()
        self._clocks = clocks or Clocks()
        self._opening = Lock()
        self._refuse_contradictions()

    @property
    def client(self) -> HttpClient:
        """The HTTP client of this source; ``client.calls`` counts what was sent."""
        with self._opening:
            return self._client

    def read_usage(self, period: BillingPeriod, customers: tuple[str, ...] = ()) -> UsageRead:
        """Read all rows of a period. The request cannot be narrowed to customers."""
        request = self._request.filled(period)
        pages = list(self._walk.pages(request))
        rows = [row for page in pages for row in page.rows]
        records, malformed = self._reader.records(rows, self._rows or "answer")
        total, no_total = self._checks.total(pages)
        why = [*self._checks.why_incomplete(pages, len(rows), period), *no_total]
        return UsageRead(
            records=records,
            origin=f"{self.client.base_url}{request.shown_path}",
            complete=not why,
            incomplete_why="; ".join(why),
            malformed=malformed,
            control_total=total,
            never_repeats=self._never_repeats,
        )

    def not_ready_why(self, period: BillingPeriod) -> str:
        """Return what the first page says against being complete; without ``complete`` only reading tells."""
        if not self._checks.complete:
            return ""
        return self._checks.unfinished(self._walk.first(self._request.filled(period)))

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the endpoint answers for last month as the options say."""
        from datetime import UTC, datetime

        from billing_providers.model.periods import BillingCalendar

        period = BillingCalendar().period_selected("Previous", now=datetime.now(UTC))
        try:
            page = self._walk.first(self._request.filled(period))
            read = [self._reader.record(row, "first row") for row in page.rows[:1] if isinstance(row, Mapping)]
        except BillingError as error:
            return False, str(error)
        for record in read:
            if isinstance(record, MalformedRow):
                return False, f"The endpoint answers, but its first row cannot be read: {record.field} {record.error}"
        return True, f"{self.client.base_url} answers ({len(page.rows)} rows on the first page for {period})."

    def _refuse_contradictions(self) -> None:
        names = (*self._checks.names, *self._paging.names)
        if not self._rows and names:
            raise wrong(
                "is empty, so the answer is a list and has no names", "rows", allowed=f"{names[0]} needs a name"
            )
        read = self._reader.names
        says_period = self._checks.period_start or self._checks.period_end or {"period_start", "period_end"} & set(read)
        if not self._request.names_period and not says_period:
            raise wrong(
                "nothing ties the answer to the billing period",
                "path",
                self._request.path,
                "a placeholder in path, params or body; or period_start or period_end in the answer or in fields",
            )
        paged = {self._paging.param, self._paging.size_param} - {""}
        taken = paged & set(self._request.params if self._paging.place == "query" else self._request.body or {})
        if taken:
            raise wrong("is set by paging", f"params.{min(taken)}", allowed="leave it out")

    @cached_property
    def _walk(self) -> PageWalk:
        return PageWalk(
            self.client, self._request.method, self._paging, rows=self._rows, record_count=self._checks.record_count
        )

    @cached_property
    def _client(self) -> HttpClient:
        connection = read_connection(self.http_conn_id, allow_http=self._allow_http)
        voice = ErrorVoice("The usage endpoint", finding_number=3, failure_class=FailureClass.SOURCE)
        voice.masker.add(*connection.secrets)
        client = HttpClient(connection.base_url, voice, limits=self._limits, read=Received.of, clocks=self._clocks)
        client.sign_in = FixedHeaders(connection.headers)
        return client
