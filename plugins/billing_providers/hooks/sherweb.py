"""Sherweb: what the partner is charged for each customer in a billing period, or what each customer holds now.

- Sources: the vendor's OpenAPI of sign-in and distributor API (seen: calls and fields), its sample (seen: the tag
  ``CustomerDisplayName``) and client (seen: fields of the service provider's answers), two other clients (seen: calls).
- Calls: ``reads="charges"``: ``payable-charges``, and without ``customer_id_tag`` the customers, as two of them may
  have one name. ``reads="subscriptions"``: customers, and one call for each. Nothing but reads is ever sent.
- Charges: kind from the charge type, billing cycle, the days that the quantity is in force, cost by ``cost_basis``.
  Several charges of one SKU are several records: ``fold`` of the billing rules says what they come to.
- Example: ``source_options={"cost_basis": "net", "customer_id_tag": "CustomerId"}``.
- Failing: another period than the one asked for, or usage that is not billed yet, makes the read incomplete; a charge
  without customer could be anybody's, so it does too; any other charge that cannot be read holds its customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from threading import Lock
from typing import Any

from airflow.sdk import BaseHook

from billing_providers.errors import BillingError, FailureClass
from billing_providers.hooks.connections import ConnectionFields
from billing_providers.hooks.http.client import Clocks, HttpClient
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.repeats import Limits
from billing_providers.hooks.sw.api import DISTRIBUTOR, PAYABLE, SERVICE_PROVIDER, ScopedApi, api_of
from billing_providers.hooks.sw.customers import read_customers, shared_among
from billing_providers.hooks.sw.options import DISPLAY_NAME, READS, CostBasis, charge_options, chosen
from billing_providers.hooks.sw.payable import payable_charges, receivable_charges
from billing_providers.hooks.sw.running_years import checked_months, running_years
from billing_providers.hooks.sw.span import span_of
from billing_providers.hooks.sw.subscriptions import SubscriptionReader, checked_fields
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead


class SherwebHook(BaseHook):
    """Reads charges or subscriptions from Sherweb. Safe to use from several threads; nothing is read beforehand.

    :param sherweb_conn_id: Airflow connection: login the client id, password its secret, extra ``subscription_key``.
    :param reads: ``charges`` (what the partner owes for the period) or ``subscriptions`` (what customers hold now).
    :param cost_basis: ``net_without_performance_tier``, ``net`` or ``list``.
    :param customer_tag: tag of a charge that holds the customer's display name.
    :param customer_id_tag: tag of a charge that holds the customer's id, which is the customer code then; empty: the
        display name is the code. For subscriptions the customer's own id takes the place of the tag.
    :param quantity_places: decimal places that a quantity of more than 15 digits may have once the digits that a double
        does not keep are gone; None: such a quantity holds its customer.
    :param yearly_months: so many months before the period are read as well, for charges of years that are running in
        it; 0: none, 11 is a year. For the billing rule ``yearly``.
    :param final_only: whether usage charges that are not billed yet make the read incomplete, and are waited for.
    :param subscription_fields: our field (``item_id``, ``description``, ``sku``, ``quantity``) → its name in a
        subscription, where it is not the default.
    :param limits: bounds of the requests.
    :param clocks: time and chance, for tests.
    :raises SettingsError: for an unknown or contradictory option.
    """

    conn_name_attr = "sherweb_conn_id"
    default_conn_name = "sherweb_default"
    conn_type = "sherweb"
    hook_name = "Sherweb"

    def __init__(
        self,
        sherweb_conn_id: str = default_conn_name,
        *,
        reads: str = "charges",
        cost_basis: str = CostBasis.WITHOUT_TIER.value,
        customer_tag: str = DISPLAY_NAME,
        customer_id_tag: str = "",
        quantity_places: int | None = None,
        yearly_months: int = 0,
        final_only: bool = True,
        subscription_fields: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        super().__init__()
        self.sherweb_conn_id = sherweb_conn_id
        self._of_charges = chosen(reads, READS, "reads") == "charges"
        self._options = charge_options(cost_basis, customer_tag, customer_id_tag, quantity_places)
        self._yearly_months = checked_months(yearly_months)
        self._final_only = final_only
        self._subscription_fields = checked_fields(subscription_fields)
        self._limits = limits or Limits()
        self._clocks = clocks or Clocks()
        self._opening = Lock()

    @property
    def client(self) -> HttpClient:
        """The HTTP client of what is read; ``client.calls`` counts what was sent."""
        return (self._distributor if self._of_charges else self._provider).client

    def read_usage(self, period: BillingPeriod, customers: tuple[str, ...] = ()) -> UsageRead:
        """Read the charges of a period, or the subscriptions as they are now, of all customers.

        ``customers`` narrows nothing: who shares an account with whom is known only when all are read.
        """
        if not self._of_charges:
            return self._subscriptions().read(period)
        charges = payable_charges(self._distributor, period, self._options, self.conn_type)
        read = charges.usage_read(period, final_only=self._final_only)
        if self._yearly_months and read.complete:
            months = self._yearly_months
            years = running_years(self._distributor, period, self._options, self.conn_type, months=months)
            read = years.added_to(read)
        if self._options.customer_id_tag or not read.records:
            return read
        shared, notes = shared_among(self._provider, (record.customer_code for record in read.records))
        failed = {**shared, **read.failed_customers}
        return replace(read, failed_customers=failed, notes=[*read.notes, *notes])

    def not_ready_why(self, period: BillingPeriod) -> str:
        """Say that Sherweb answers with another period, or how many usage charges of it are not billed yet."""
        if not self._of_charges:
            return ""
        charges = payable_charges(self._distributor, period, self._options, self.conn_type)
        return charges.not_ready_why(period, final_only=self._final_only)

    def receivable_charges(self, customer_id: str, period: BillingPeriod) -> UsageRead:
        """Read what one customer was invoiced in a period, to be compared with what the partner owes.

        :param customer_id: the id of Sherweb's list of customers, whatever the customer code is.
        :return: incomplete when Sherweb answers with another period, as it does before the period is invoiced.
        :raises RequestError: when it cannot be read.
        """
        charges = receivable_charges(self._provider, customer_id, period, self._options, self.conn_type)
        return charges.usage_read(period, final_only=False)

    def test_connection(self) -> tuple[bool, str]:
        """Tell for each scope whether the sign-in works and what can be read; the scope that is read decides."""
        told = []
        works = False
        for scope, needed, tried in (
            (DISTRIBUTOR, self._of_charges, self._payable_works),
            (SERVICE_PROVIDER, not self._of_charges, self._customers_work),
        ):
            try:
                told.append(f"Scope {scope}: {tried()}.")
                works = works or needed
            except BillingError as error:
                told.append(f"Scope {scope}{'' if needed else ', which is not needed here'}: {error}.")
        return works, " ".join(told)

    def _payable_works(self) -> str:
        reply = self._distributor.read(PAYABLE)
        count = len(reply.rows("charges", may_be_null=True))
        return f"signed in to {self._distributor.client.base_url}; {count} charges of {span_of(reply)} can be read"

    def _customers_work(self) -> str:
        count = len(read_customers(self._provider).names)
        return f"signed in to {self._provider.client.base_url}; {count} customers can be read"

    def _subscriptions(self) -> SubscriptionReader:
        return SubscriptionReader(self._provider, self._options, self._subscription_fields, self.conn_type)

    @property
    def _distributor(self) -> ScopedApi:
        return self._api(DISTRIBUTOR)

    @property
    def _provider(self) -> ScopedApi:
        return self._api(SERVICE_PROVIDER)

    @cached_property
    def _apis(self) -> dict[str, ScopedApi]:
        return {}

    def _api(self, scope: str) -> ScopedApi:
        with self._opening:
            if scope not in self._apis:
                fields = ConnectionFields(self.conn_type, self.sherweb_conn_id)
                voice = ErrorVoice(self.hook_name, finding_number=3, failure_class=FailureClass.SOURCE)
                self._apis[scope] = api_of(fields, scope, voice, self._limits, self._clocks)
            return self._apis[scope]
