"""Atria's REST API (12.11 and later), billing part: what each customer used in a billing period.

- Sources: Atria's knowledge base and product pages; field names are *not published*. The call
  ``GET /api/billing/{enddate}`` takes the end date of the period and an option for billable rows only.
- Sign-in: a token made in Atria by a user with the permission *Service Provider Developer*, sent as bearer (assumed).
- Example (default names, ours; another tenant's go into ``field_map``)::

    {"periodStart": "2026-10-26", "periodEnd": "2026-11-25", "complete": true, "recordCount": 1, "totalQuantity": "12",
     "items": [{"customerCode": "ASP", "sku": "MS365-BP", "quantity": 12, "billable": true, "periodEnd": "2026-11-25"}]}

- Failing: an answer that is short, for another period, or says that it is not complete is read as incomplete, with the
  reason; a row that cannot be read is reported with its position. A request that fails is code 03.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from airflow.sdk import BaseHook

from billing_providers.errors import BillingError, FailureClass, UnreadableAnswer
from billing_providers.hooks.connections import ConnectionFields
from billing_providers.hooks.http.answers import Answer
from billing_providers.hooks.http.client import Clocks, HttpClient
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.repeats import Limits
from billing_providers.hooks.http.sign_in import FixedToken
from billing_providers.hooks.usage_fields import RowFault, RowReader, day_of, field_names, number_of, value_at
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead

ROW_NAMES = {
    "record_id": "recordId",
    "customer_code": "customerCode",
    "customer_name": "customerName",
    "billing_identifier": "billingIdentifier",
    "sku": "sku",
    "description": "lineDescription",
    "summary": "summaryDescription",
    "term": "term",
    "billing_cycle": "billingCycle",
    "item_id": "itemId",
    "kind": "kind",
    "quantity": "quantity",
    "assigned": "assigned",
    "enabled": "enabled",
    "total": "total",
    "unit": "unit",
    "unit_cost": "unitCost",
    "unit_price": "unitPrice",
    "total_cost": "totalCost",
    "total_price": "totalPrice",
    "currency": "currency",
    "billable": "billable",
    "period_start": "periodStart",
    "period_end": "periodEnd",
    "actor": "user",
    "plan": "plan",
}
ANSWER_NAMES = {
    "rows": "items",
    "complete": "complete",
    "record_count": "recordCount",
    "total_quantity": "totalQuantity",
    "answer_period_start": "periodStart",
    "answer_period_end": "periodEnd",
    "next_page": "nextPage",
}
_PATH = "/api/billing/{period_end}"
_PAGES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class _Page:
    body: Mapping[str, Any]
    answer: Answer


class AtriaHook(BaseHook):
    """Reads usage from Atria. Safe to use from several threads; nothing is read before it is needed.

    :param atria_conn_id: Airflow connection; the password is the API token.
    :param exclusive_end: whether this Atria names a period by the day after its last day.
    :param limits: bounds of the requests.
    :param clocks: time and chance, for tests.
    """

    conn_name_attr = "atria_conn_id"
    default_conn_name = "atria_default"
    conn_type = "atria"
    hook_name = "Atria"

    def __init__(
        self,
        atria_conn_id: str = default_conn_name,
        *,
        exclusive_end: bool = False,
        limits: Limits | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        super().__init__()
        self.atria_conn_id = atria_conn_id
        self._exclusive_end = exclusive_end
        self._limits = limits or Limits()
        self._clocks = clocks or Clocks()
        self._opening = Lock()

    @property
    def client(self) -> HttpClient:
        """The HTTP client of this hook; ``client.calls`` counts what was sent."""
        with self._opening:
            return self._client

    def read_usage(self, period: BillingPeriod, customers: tuple[str, ...] = ()) -> UsageRead:
        """Read all rows of a period, non-billable ones included. The API cannot be narrowed to customers."""
        pages = list(self._pages(period))
        rows = [row for page in pages for row in self._rows(page)]
        records, malformed = self._reader.records(rows, "items")
        total, why = self._control_total(pages)
        whys = [*self._why_incomplete(pages, len(rows), period), *why]
        return UsageRead(
            records=records,
            origin=f"{self.client.base_url}/api/billing/{self._period_end(period)}",
            complete=not whys,
            incomplete_why="; ".join(whys),
            malformed=malformed,
            control_total=total,
        )

    def not_ready_why(self, period: BillingPeriod) -> str:
        """Return nothing: only the billing call itself tells whether a period is complete."""
        return ""

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the token is accepted and the billing call answers as expected."""
        from datetime import UTC, datetime

        from billing_providers.model.periods import BillingCalendar

        period = BillingCalendar().period_selected("Previous", now=datetime.now(UTC))
        try:
            rows = sum(len(self._rows(page)) for page in self._pages(period))
        except BillingError as error:
            return False, str(error)
        return True, f"Atria accepts the token and answers its billing call ({rows} rows for {period})."

    def _pages(self, period: BillingPeriod) -> Iterator[_Page]:
        values = {"period_end": self._period_end(period)}
        query: dict[str, object] = {"billableOnly": False}
        seen: set[str] = set()
        while len(seen) < _PAGES_MAX:
            page: _Page = self.client.call("GET", _PATH, values=values, params=query)
            yield page
            following = self._answered(page, "next_page")
            if following is None or following == "":
                return
            if str(following) in seen:
                raise page.answer.error(UnreadableAnswer, f"page {following} names itself as the next page")
            seen.add(str(following))
            query = self._query_of(page, following, query)
        raise page.answer.error(UnreadableAnswer, f"more than {_PAGES_MAX} pages")

    def _query_of(self, page: _Page, following: Any, query: dict[str, object]) -> dict[str, object]:
        """Return the query of the next page, given its number or its link; only the link's query is followed."""
        text = str(following)
        if text.isdigit():
            return {**query, "page": text}
        link = dict(parse_qsl(urlsplit(text).query))
        if not link:
            raise page.answer.error(UnreadableAnswer, f"the next page {text!r} is neither a number nor a link")
        return {**query, **link}

    def _rows(self, page: _Page) -> list[Any]:
        rows = self._answered(page, "rows")
        if isinstance(rows, list):
            return rows
        problem = f"there is no list {self._names['rows']!r} in the answer (it has {', '.join(page.body) or 'nothing'})"
        raise page.answer.error(UnreadableAnswer, f"{problem}; if it is called otherwise, say so in field_map")

    def _answered(self, page: _Page, field: str) -> Any:
        return value_at(page.body, self._names[field]) if field in self._names else None

    def _period_end(self, period: BillingPeriod) -> str:
        return (period.end if self._exclusive_end else period.last_day).isoformat()

    def _why_incomplete(self, pages: list[_Page], rows: int, period: BillingPeriod) -> Iterator[str]:
        """Yield every sign that rows are missing or are of another period."""
        first = pages[0]
        said = [self._answered(page, "complete") for page in pages]
        if not all(complete is None or complete is True for complete in said):
            yield "Atria says that the period's billing is not complete"
        count = self._answered(first, "record_count")
        if count is not None and count != rows:
            yield f"Atria announces {count} rows and sent {rows}"
        for field, wanted in (
            ("answer_period_start", period.start.isoformat()),
            ("answer_period_end", self._period_end(period)),
        ):
            answered = self._answered(first, field)
            if answered is not None and not _same_day(answered, wanted):
                name = self._names[field]
                yield f"Incorrect billing period date or format recognized: {name} is {answered}, expected {wanted}"

    def _control_total(self, pages: list[_Page]) -> tuple[Decimal | None, list[str]]:
        try:
            return number_of(self._answered(pages[0], "total_quantity"), self._names.get("total_quantity", "")), []
        except RowFault as fault:
            return None, [f"the control total cannot be read ({fault})"]

    @cached_property
    def _fields(self) -> ConnectionFields:
        return ConnectionFields(self.conn_type, self.atria_conn_id)

    @cached_property
    def _names(self) -> dict[str, str]:
        where = f"{self._fields.where}, field_map"
        return field_names({**ROW_NAMES, **ANSWER_NAMES}, self._fields.json_object("field_map"), where=where)

    @cached_property
    def _reader(self) -> RowReader:
        names = {field: name for field, name in self._names.items() if field in ROW_NAMES}
        return RowReader(self.conn_type, names, end_is_last_day=not self._exclusive_end)

    @cached_property
    def _client(self) -> HttpClient:
        fields = self._fields
        voice = ErrorVoice(self.hook_name, finding_number=3, failure_class=FailureClass.SOURCE)
        base_url, token = fields.base_url(), fields.password().strip()
        voice.masker.add(token)
        client = HttpClient(base_url, voice, limits=self._limits, read=_read_page, clocks=self._clocks)
        client.sign_in = FixedToken(token)
        return client


def _read_page(answer: Answer) -> _Page:
    body = answer.json()
    if not isinstance(body, Mapping):
        raise answer.error(UnreadableAnswer, "the answer is not a JSON object")
    return _Page(body, answer)


def _same_day(answered: Any, wanted: str) -> bool:
    try:
        day = day_of(answered, "period")
    except RowFault:
        return False
    return day is not None and day.isoformat() == wanted
