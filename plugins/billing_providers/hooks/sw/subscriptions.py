"""What each customer holds now: the list of customers, then one call per customer.

- Seen (vendor's client): a subscription's ``id, productName, description, sku, quantity, purchaseDate,
  commitmentTerm``. The API's description could not be read, so names can be set. Seen (a client): there are no pages.
- Failing: a customer whose subscriptions cannot be read is held, and the others are read; when all or many fail, the
  system fails, and that is raised. A subscription without a quantity holds its customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from billing_providers.errors import BadRequest, Forbidden, OutcomeUnknown, RequestError
from billing_providers.hooks.sw.answers import Reply
from billing_providers.hooks.sw.api import SUBSCRIPTIONS, ScopedApi
from billing_providers.hooks.sw.customers import read_customers
from billing_providers.hooks.sw.options import WHERE, ChargeOptions
from billing_providers.hooks.sw.tags import Customer
from billing_providers.hooks.usage_fields import RowReader, field_names
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import MalformedRow, UsageRead
from billing_providers.model.usage import UsageKind, UsageRecord

FIELDS = {"item_id": "id", "description": "productName", "sku": "sku", "quantity": "quantity"}
_FAILED_MAX = 10


def checked_fields(mapped: Mapping[str, Any] | None) -> dict[str, str]:
    """Return our field → its name in a subscription.

    :raises SettingsError: for an unknown field.
    """
    return field_names(FIELDS, mapped, where=f"{WHERE}, subscription_fields")


class SubscriptionReader:
    """Reads the subscriptions of all customers, as many at once as the client allows."""

    def __init__(self, api: ScopedApi, options: ChargeOptions, fields: Mapping[str, str], source: str) -> None:
        self._api, self._options, self._source = api, options, source
        self._fields = {**fields, "record_id": fields.get("item_id", "")}
        self._failures: list[RequestError] = []
        self._lock = Lock()

    def read(self, period: BillingPeriod) -> UsageRead:
        """Return one record per subscription, as they are now.

        :raises RequestError: when the list of customers cannot be read, or the calls for all or more than a few fail.
        """
        listed = read_customers(self._api)
        malformed = list(listed.malformed)
        failed = {} if self._options.customer_id_tag else listed.shared_names()
        customers = [(id_, Customer(self._code(id_, name), name)) for id_, name in listed.names.items()]
        wanted = [(id_, customer) for id_, customer in customers if customer.code.strip() not in failed]
        answers = self._api.client.map(lambda entry: self._of_customer(entry[0]), wanted)
        if self._failures and len(self._failures) == len(wanted):
            raise self._failures[0]
        records: list[UsageRecord] = []
        for (id_, customer), answer in zip(wanted, answers, strict=True):
            if isinstance(answer, RequestError):
                failed[customer.code.strip()] = f"{customer.name}: {answer}"
                continue
            found, bad = self._records(id_, customer, answer)
            records += found
            malformed += bad
        nobody = "" if customers or malformed else "Sherweb lists no customers at all"
        return UsageRead(
            records=records,
            origin=f"{self._api.client.base_url}{SUBSCRIPTIONS}",
            complete=not nobody,
            incomplete_why=nobody,
            malformed=malformed,
            failed_customers=failed,
            notes=_as_of(listed.reply, period),
        )

    def _code(self, customer_id: str, name: str) -> str:
        return customer_id if self._options.customer_id_tag else name

    def _of_customer(self, customer_id: str) -> list[Any] | RequestError:
        if len(self._failures) > _FAILED_MAX:
            raise self._failures[0]
        try:
            return self._api.read(SUBSCRIPTIONS, {"customerId": customer_id}).rows("items")
        except (BadRequest, Forbidden, OutcomeUnknown) as error:
            with self._lock:
                self._failures.append(error)
                if len(self._failures) > _FAILED_MAX:
                    raise
            return error

    def _records(
        self, customer_id: str, customer: Customer, rows: list[Any]
    ) -> tuple[list[UsageRecord], list[MalformedRow]]:
        constants = {
            "customer_code": customer.code,
            "customer_name": customer.name,
            "kind": UsageKind.RECURRING.value,
        }
        names = {field: name for field, name in self._fields.items() if name}
        reader = RowReader(self._source, {**names, **dict.fromkeys(constants, "")}, constants=constants)
        return reader.records(rows, f"subscriptions of {customer_id}")


def _as_of(reply: Reply, period: BillingPeriod) -> list[str]:
    read_at = reply.answer.server_time or datetime.now(UTC)
    today = read_at.astimezone(ZoneInfo(period.timezone)).date()
    if period.contains(today):
        return []
    return [f"subscriptions are those of {today.isoformat()}, not of {period}; Sherweb tells no earlier ones this way"]
