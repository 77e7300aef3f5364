"""Autotask PSA, REST API 1.0: the PSA whose quantities change by a difference, and from a day on.

- Sources: Autotask's API description (2020, and the billing entities of 2026-08-01), the vendor's help pages, and some
  ten public clients. Hosts: ``https://webservices.autotask.net`` tells each user's zone, ``webservices1`` to ``31``.
- Limits: three requests in flight per entity and integration code; 10,000 within an hour for the whole tenant, of which
  this hook leaves a tenth to others. A request may run for five minutes.
- Example: connection ``autotask_default`` with an API user as login, its secret as password, and extra
  ``{"integration_code": "…27 characters…"}``.
- Failing: every refused request is a 500 with the reasons under ``errors``; too many threads come as Itgenatr005; a
  user who may not see something gets an empty list, which is an error here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from urllib.parse import urlsplit

from airflow.sdk import BaseHook

from billing_providers.errors import BillingError
from billing_providers.hooks.at.adjustments import SETS, write_change
from billing_providers.hooks.at.answers import AtAnswer
from billing_providers.hooks.at.api import AtApi
from billing_providers.hooks.at.billing_items import read_pending, read_posted
from billing_providers.hooks.at.contract_lines import read_again, read_lines
from billing_providers.hooks.at.directory import read_directory
from billing_providers.hooks.at.faults import fault_of
from billing_providers.hooks.at.invoices import read_invoiced_lines
from billing_providers.hooks.at.keys import AtKeys
from billing_providers.hooks.at.last_edit import last_edit
from billing_providers.hooks.at.metadata import Metadata
from billing_providers.hooks.at.rights import rights_of
from billing_providers.hooks.at.tenant import AtTenant
from billing_providers.hooks.at.zone import Zone
from billing_providers.hooks.connections import ConnectionFields
from billing_providers.hooks.http.client import Clocks, HttpClient
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.gate import EndpointGate, Gate, SharedLimits
from billing_providers.hooks.http.repeats import Limits
from billing_providers.model.billing_items import PendingItem, PostedItem
from billing_providers.model.changes import LineChange
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import (
    Contract,
    ContractLine,
    Days,
    InvoicedLine,
    LinesAgain,
    PsaCapabilities,
    PsaDirectory,
    QuantityWrite,
    Service,
    WriteReceipt,
)

LIMITS = Limits(requests_in_flight_max=3, read_timeout_s=120.0)

_READS_LAG_S = 330.0  # a request may be at work for five minutes (seen in one client), and half a minute more
_EXPLANATION = (
    "Units are changed by service adjustments, each a difference from a day on that cannot be taken back; the invoice "
    "text of a line is set by PATCH, and missing lines are added by an adjustment. Price and cost of a line are not "
    "changed, and a line is ended by setting it to 0."
)


class AutotaskHook(BaseHook):
    """Reads and writes one Autotask tenant. Safe to use from several threads; nothing is read before it is needed.

    :param autotask_conn_id: Airflow connection.
    :param limits: bounds of the requests.
    :param clocks: time and chance, for tests.
    :param gate: bounds of single entities over several processes; None: three in flight within this process.
    """

    conn_name_attr = "autotask_conn_id"
    default_conn_name = "autotask_default"
    conn_type = "autotask"
    hook_name = "Autotask PSA"

    def __init__(
        self,
        autotask_conn_id: str = default_conn_name,
        *,
        limits: Limits = LIMITS,
        clocks: Clocks | None = None,
        gate: Gate | None = None,
    ) -> None:
        super().__init__()
        self.autotask_conn_id = autotask_conn_id
        self._limits = limits
        self._clocks = clocks or Clocks()
        self._gate = gate
        self._opening = Lock()

    @property
    def tenant_key(self) -> str:
        """Names the tenant: ``autotask:acme.example@webservices.autotask.net``, without regard to case; no request.

        The part of the user's name after ``@`` stands for the tenant, since each integration has a user of its own.
        """
        user, host = self._fields.login(), urlsplit(self._fields.base_url()).netloc
        return f"autotask:{user.rpartition('@')[2]}@{host}".casefold()

    @property
    def requests_in_flight_max(self) -> int:
        """How many requests leave at once, and so at most to each entity."""
        return self._limits.requests_in_flight_max

    @property
    def client(self) -> HttpClient:
        """The HTTP client of this hook; ``client.calls`` counts what was sent."""
        with self._opening:
            return self._client

    def capabilities(self) -> PsaCapabilities:
        """Tell what every Autotask tenant offers, once the connection can be read; no request is made."""
        self._tenant()
        return PsaCapabilities(
            quantity_write=QuantityWrite.DELTA,
            reads_quantity=True,
            adds_lines=True,
            whole_units=True,
            strategy="adjustments",
            explanation=_EXPLANATION,
            sets=SETS,
            reads_lag_s=_READS_LAG_S,
            dates_quantities=True,
            takes_dates=True,
        )

    def read_directory(self, *, contract_type: str) -> PsaDirectory:
        """Read companies, recurring service contracts, services and bundles; ``contract_type`` narrows nothing more."""
        return read_directory(self._tenant())

    def read_lines(
        self, contracts: Sequence[Contract], services: Sequence[Service], *, days: Days | None = None
    ) -> list[ContractLine]:
        """Read all lines of these contracts with their units on these days; ``services`` gives names and prices."""
        return read_lines(self._tenant(), contracts, services, days or _today())

    def reread_lines(self, wanted: Sequence[LinesAgain], *, days: Days | None = None) -> list[ContractLine]:
        """Read the lines of these contracts anew, one list per kind and 500 contracts."""
        return read_again(self._tenant(), wanted, days or _today())

    def last_edit(self, change: LineChange) -> str:
        """Say when the line's contract was edited last; by whom is not told. Never raises."""
        try:
            return last_edit(self._tenant(), change.contract_id)
        except BillingError:  # the connection itself
            return ""

    def write_line(self, change: LineChange) -> WriteReceipt:
        """Send one change, once; the answer tells neither quantity nor id.

        :raises NotSent: for what Autotask cannot hold, and when nothing would change.
        """
        return write_change(self._tenant(), change)

    def invoiced_lines(self, period: BillingPeriod) -> list[InvoicedLine]:
        """Read the lines of all invoices dated from the period's start on."""
        return read_invoiced_lines(self._tenant(), period)

    def posted_items(self, period: BillingPeriod) -> list[PostedItem]:
        """Read what was approved and posted for lines on days of the period, invoiced or not."""
        return read_posted(self._tenant(), period)

    def pending_rows(self, period: BillingPeriod) -> list[PendingItem]:
        """Read what is billed for lines until the period's last day and waits to be approved and posted."""
        return read_pending(self._tenant(), period)

    @property
    def shared_limits(self) -> SharedLimits:
        """Three requests at once to each entity, whoever sends them; see :meth:`pass_through`."""
        return SharedLimits(self._limits.requests_in_flight_max, self._limits.budget_wait_s_max)

    def requests_per_hour(self) -> int:
        """Ask the server for the tenant's threshold, of which a tenth is left to others."""
        return self._tenant().api.threshold.per_hour()

    def pass_through(self, gate: Gate) -> None:
        """Send every further request through a gate, e.g. one that counts for several processes."""
        self.client.gate = gate

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the keys work, which rights are missing, and what can be written. Nothing is written."""
        try:
            tenant = self._tenant()
            rights, usage = rights_of(tenant), tenant.api.threshold.usage()
            zone = tenant.api.zone
            used = f" {usage.used} of {usage.allowed} requests per {usage.minutes} minutes are used." if usage else ""
            version = f", API version {rights.version}" if rights.version else ""
            signed_in = f"Read {self.tenant_key} in zone {zone.name or zone.current()}{version}.{used}"
            surplus = f" No run needs, and the level allows: {'; '.join(rights.surplus)}." if rights.surplus else ""
            lacking = (*rights.missing, *rights.unwritable)
            if lacking:
                return False, f"{signed_in} The user's security level lacks: {'; '.join(lacking)}.{surplus}"
            helpful = f" It would help to have: {'; '.join(rights.helpful)}." if rights.helpful else ""
            return True, f"{signed_in}{helpful}{surplus} {self.capabilities().explanation}"
        except BillingError as error:
            return False, str(error)

    def _tenant(self) -> AtTenant:
        with self._opening:
            return self._opened

    @cached_property
    def _fields(self) -> ConnectionFields:
        return ConnectionFields(self.conn_type, self.autotask_conn_id)

    @cached_property
    def _client(self) -> HttpClient:
        fields = self._fields
        voice = ErrorVoice(self.hook_name)
        keys = AtKeys(fields.login(), fields.password().strip(), fields.text("integration_code"))
        voice.masker.add(fields.password(), keys.secret, keys.integration_code)
        client = HttpClient(
            fields.base_url(),
            voice,
            limits=self._limits,
            read=AtAnswer.read,
            fault=fault_of,
            gate=self._gate or EndpointGate(self._limits.requests_in_flight_max),
            clocks=self._clocks,
        )
        client.sign_in = keys
        return client

    @cached_property
    def _opened(self) -> AtTenant:
        fields = self._fields
        zone = Zone(
            self._client,
            fields.login(),
            fields.text("zone_url"),
            where=fields.where,
            allow_http=fields.flag("allow_http"),
        )
        api = AtApi(self._client, zone)
        return AtTenant(api, Metadata(api))


def _today() -> Days:
    day = datetime.now(UTC).date()
    return Days(day, day)
