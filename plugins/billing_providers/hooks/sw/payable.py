"""The charges of one billing period: what the partner owes, and what one customer was invoiced.

- Seen (vendor's OpenAPI): ``GET /distributor/v1/billing/payable-charges?date=``, one answer without pages, with the
  billing period that holds the date. Seen (a client): ``receivable-charges`` answers with the *invoiced* period that
  holds the date, or with the last invoiced one.
- So the period of the answer is compared with the one asked for, always.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing_providers.hooks.sw.answers import Reply
from billing_providers.hooks.sw.api import PAYABLE, RECEIVABLE, ScopedApi
from billing_providers.hooks.sw.charges import Form
from billing_providers.hooks.sw.options import ChargeOptions
from billing_providers.hooks.sw.records import ChargeReader, CountedCharges, numbered
from billing_providers.hooks.sw.span import Span, asked_day, span_of
from billing_providers.hooks.sw.tags import Customer
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead


@dataclass(frozen=True, slots=True)
class ChargesOfPeriod:
    """The charges of one answer and the billing period that it is about."""

    span: Span
    counted: CountedCharges
    origin: str

    def usage_read(self, period: BillingPeriod, *, final_only: bool) -> UsageRead:
        """Return them as a reading of the source, incomplete where the period is another or figures are not final."""
        open_why = self.counted.open_why() if final_only else ""
        short = [why for why in (self.span.differs_why(period), open_why) if why]
        return UsageRead(
            records=self.counted.records,
            origin=self.origin,
            complete=not short,
            incomplete_why="; ".join(short),
            malformed=self.counted.malformed,
            failed_customers=self.counted.failed,
            notes=self.counted.notes(),
        )

    def not_ready_why(self, period: BillingPeriod, *, final_only: bool) -> str:
        """Say what waiting may help against. That the two calendars differ is none of it: reading tells."""
        another = self.span.differs_why(period)
        if another:
            return "" if self.span.holds(asked_day(period)) else another
        return self.counted.open_why() if final_only else ""


def payable_charges(api: ScopedApi, period: BillingPeriod, options: ChargeOptions, source: str) -> ChargesOfPeriod:
    """Read what the partner owes for a period: one call."""
    reply = api.read(PAYABLE, {"date": asked_day(period).isoformat()})
    span = span_of(reply)
    reader = ChargeReader(source, options, span)
    return _charges(reply, reader, f"{api.client.base_url}{PAYABLE}, {span}")


def receivable_charges(
    api: ScopedApi, customer_id: str, period: BillingPeriod, options: ChargeOptions, source: str
) -> ChargesOfPeriod:
    """Read what one customer was invoiced in a period: one call. The customer code is the id."""
    reply = api.read(RECEIVABLE, {"customerId": customer_id, "date": asked_day(period).isoformat()})
    span = span_of(reply)
    reader = ChargeReader(source, options, span, Form.RECEIVABLE, Customer(customer_id, ""))
    return _charges(reply, reader, f"{api.client.base_url}{RECEIVABLE}, {span}")


def _charges(reply: Reply, reader: ChargeReader, origin: str) -> ChargesOfPeriod:
    counted = reader.read(numbered(reply.rows("charges", may_be_null=True), "charges"))
    return ChargesOfPeriod(reader.span, counted, origin)
