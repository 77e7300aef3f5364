"""Kaseya BMS (also sold as Vorex), V2 REST API: the PSA whose published API cannot set units.

- Sources: "BMS API 2.0" (OpenAPI of product version 5.58.0, read 2026-08-01) and the vendor's help page on the V2
  REST APIs. Hosts: ``https://api.bms.kaseya.com`` (US), ``https://api.bmsemea.kaseya.com``,
  ``https://api.bmsapac.kaseya.com``, ``https://api.vorexlogin.com``.
- Limit: 1500 calls per hour and endpoint (help page); "endpoint" is taken as the path template (assumed). No limit of
  calls in flight is published; three are used.
- Example: connection ``kaseya_bms_default`` with host ``https://api.bms.kaseya.com``, an *API Employee* as login,
  and extra ``{"tenant": "acme"}``; with ``"line_api": "default"`` lines are read and set by the default line calls.
- Failing: without ``line_api``, or where the tenant does not know its calls, every write is refused before it is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from urllib.parse import urlsplit

from airflow.sdk import BaseHook

from billing_providers.errors import BillingError, NotSent
from billing_providers.hooks.bms.add_line import add_line
from billing_providers.hooks.bms.directory import read_directory
from billing_providers.hooks.bms.envelope import open_envelope
from billing_providers.hooks.bms.invoices import read_invoiced_lines
from billing_providers.hooks.bms.lines import LineStrategy
from billing_providers.hooks.bms.rights import may_read_invoices, missing_rights, user_name
from billing_providers.hooks.bms.sign_in import BmsSignIn, Credentials
from billing_providers.hooks.bms.strategies import chosen_strategy
from billing_providers.hooks.connections import ConnectionFields
from billing_providers.hooks.http.client import Clocks, HttpClient
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.repeats import Limits
from billing_providers.hooks.http.sign_in import RenewedToken
from billing_providers.model.changes import ChangeKind, LineChange
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

LIMITS = Limits(requests_in_flight_max=3, requests_per_hour=1500)

_EDITS = "Whether the role may change lines shows at the first write (Finance > Contracts: modify)."


class KaseyaBmsHook(BaseHook):
    """Reads and writes one BMS tenant. Safe to use from several threads; nothing is read before it is needed.

    :param kaseya_bms_conn_id: Airflow connection.
    :param limits: bounds of the requests; the default keeps the published limit.
    :param clocks: time and chance, for tests.
    """

    conn_name_attr = "kaseya_bms_conn_id"
    default_conn_name = "kaseya_bms_default"
    conn_type = "kaseya_bms"
    hook_name = "Kaseya BMS"

    def __init__(
        self,
        kaseya_bms_conn_id: str = default_conn_name,
        *,
        limits: Limits = LIMITS,
        clocks: Clocks | None = None,
    ) -> None:
        super().__init__()
        self.kaseya_bms_conn_id = kaseya_bms_conn_id
        self._limits = limits
        self._clocks = clocks or Clocks()
        self._opening = Lock()
        self._strategy: LineStrategy | None = None

    @property
    def tenant_key(self) -> str:
        """Names the tenant: ``kaseya_bms:acme@api.bms.kaseya.com``, without regard to case; no request is made."""
        host = urlsplit(self._fields.base_url()).netloc
        return f"kaseya_bms:{self._fields.text('tenant')}@{host}".casefold()

    @property
    def requests_in_flight_max(self) -> int:
        """How many requests leave at once."""
        return self._limits.requests_in_flight_max

    @property
    def client(self) -> HttpClient:
        """The HTTP client of this hook; ``client.calls`` counts what was sent."""
        with self._opening:
            return self._client

    def capabilities(self) -> PsaCapabilities:
        """Sign in if needed and tell what this tenant offers."""
        lines = self._lines
        adds = self._fields.flag("add_line")
        also = " Missing lines can be added." if adds else ""
        return PsaCapabilities(
            quantity_write=QuantityWrite.SET if lines.sets_units else QuantityWrite.NONE,
            reads_quantity=lines.sets_units,
            adds_lines=adds,
            whole_units=True,
            strategy="add_line" if adds and not lines.sets_units else lines.name,
            explanation=f"{lines.explanation}{also}",
            sets=lines.sets,
            takes_dates=lines.sets_units,
        )

    def read_directory(self, *, contract_type: str) -> PsaDirectory:
        """Read accounts, contracts of every type and the catalogue. ``contract_type`` narrows nothing in BMS."""
        return read_directory(self.client)

    def read_lines(
        self, contracts: Sequence[Contract], services: Sequence[Service], *, days: Days | None = None
    ) -> list[ContractLine]:
        """Read the lines of these contracts; in a tenant without line API those of these services, without units."""
        return self._lines.read(contracts, services)

    def reread_lines(self, wanted: Sequence[LinesAgain], *, days: Days | None = None) -> list[ContractLine]:
        """Read the lines of these contracts anew; lists of BMS lag behind nothing, as far as is known."""
        services = {service.service_id: service for lines in wanted for service in lines.services}
        return self.read_lines([lines.contract for lines in wanted], list(services.values()))

    def last_edit(self, change: LineChange) -> str:
        """Return nothing: the published API tells nobody's edits."""
        return ""

    def write_line(self, change: LineChange) -> WriteReceipt:
        """Send one change, once.

        :raises NotSent: when this tenant offers no call for it, or the units are no whole number.
        """
        if change.kind is not ChangeKind.ADD_LINE:
            return self._lines.set_line(change)
        if not self._fields.flag("add_line"):
            problem = f"{change.service_name}: adding lines is switched off ({self._fields.where}, add_line)"
            raise self.client.voice.error(NotSent, problem)
        return add_line(self.client, change)

    def invoiced_lines(self, period: BillingPeriod) -> list[InvoicedLine]:
        """Read the lines of all invoices dated from the period's start on."""
        return read_invoiced_lines(self.client, period)

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether sign-in works, which rights are missing, and what can be written."""
        try:
            signed_in = f"Signed in to {self.tenant_key} as {user_name(self.client) or self._fields.login()}."
            missing = missing_rights(self.client)
            if missing:
                return False, f"{signed_in} The user's role lacks: {'; '.join(missing)}."
            invoices = "" if may_read_invoices(self.client) else " Invoices cannot be read (Finance > Invoices: view)."
            offered = self.capabilities()
            edits = "" if offered.quantity_write is QuantityWrite.NONE and not offered.adds_lines else f" {_EDITS}"
            return True, f"{signed_in}{invoices} {offered.explanation}{edits}"
        except BillingError as error:
            return False, str(error)

    @cached_property
    def _fields(self) -> ConnectionFields:
        return ConnectionFields(self.conn_type, self.kaseya_bms_conn_id)

    @cached_property
    def _client(self) -> HttpClient:
        fields = self._fields
        voice = ErrorVoice(self.hook_name)
        base_url = fields.base_url()
        credentials = Credentials(
            user=fields.login(),
            password=fields.password(),
            tenant=fields.text("tenant"),
            mfa_code=fields.text("mfa_code"),
        )
        voice.masker.add(credentials.password, credentials.mfa_code)
        client = HttpClient(base_url, voice, limits=self._limits, read=open_envelope, clocks=self._clocks)
        client.sign_in = RenewedToken(BmsSignIn(client, credentials).obtain, clock=self._clocks.clock)
        return client

    @property
    def _lines(self) -> LineStrategy:
        client = self.client
        with self._opening:
            if self._strategy is None:
                line_api = self._fields.json_object("line_api", shorthand="default")
                self._strategy = chosen_strategy(client, line_api, self._fields.where)
            return self._strategy
