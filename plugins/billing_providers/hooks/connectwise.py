"""ConnectWise PSA (Manage), REST API 3.0: the PSA whose agreement additions are set by JSON Patch.

- Sources: "ConnectWise Manage Public Endpoints" (OpenAPI of model version 2025.8, read 2026-08-01), six public clients
  and vendors' help pages. Hosts: ``https://api-na.myconnectwise.net``, ``api-eu``, ``api-au`` (also ``api-aus``),
  ``api-za``, ``https://api-staging.connectwisedev.com``, or a self-hosted server.
- Limit: no number is published; 429 names the seconds to wait. Four requests are in flight at most.
- Example: connection ``connectwise_default`` with host ``https://api-eu.myconnectwise.net``, public and private key of
  an API member as login and password, and extra ``{"company_id": "acme", "client_id": "…GUID…"}``.
- Failing: 401, and in the cloud also 404, means refused keys; a change that the agreement's dates forbid is a 400 with
  the server's words; lists may lag minutes behind a write, reading by id does not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from threading import Lock
from urllib.parse import urlsplit

from airflow.sdk import BaseHook

from billing_providers.errors import BillingError, SettingsError
from billing_providers.hooks.connections import ConnectionFields
from billing_providers.hooks.cw.additions import read_additions, read_again
from billing_providers.hooks.cw.answers import CwAnswer
from billing_providers.hooks.cw.api import CwApi
from billing_providers.hooks.cw.audit_trail import last_edit
from billing_providers.hooks.cw.bundles import Bundles
from billing_providers.hooks.cw.codebase import Codebase
from billing_providers.hooks.cw.directory import read_directory
from billing_providers.hooks.cw.hosts import api_base_url
from billing_providers.hooks.cw.invoices import read_invoiced_lines
from billing_providers.hooks.cw.keys import ApiKeys
from billing_providers.hooks.cw.patches import SETS, write_addition
from billing_providers.hooks.cw.rights import rights_of
from billing_providers.hooks.http.client import Clocks, HttpClient
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.repeats import Limits
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

LIMITS = Limits(requests_in_flight_max=4)

_API_VERSION = "2025.8"
_VERSION_YEARS_MAX = 2  # a version is served about a year after a newer one replaced it (seen in one note)
_LISTS_LAG_S = 300.0  # "minutes" in the one report of it
_EXPLANATION = (
    "Quantity, cost, price, invoice text, included units and days of additions are set by PATCH on the addition; "
    "missing additions are added by POST, and a line is ended by its cancelled date."
)


class ConnectWiseHook(BaseHook):
    """Reads and writes one ConnectWise company. Safe to use from several threads; nothing is read before it is needed.

    :param connectwise_conn_id: Airflow connection.
    :param limits: bounds of the requests.
    :param clocks: time and chance, for tests.
    """

    conn_name_attr = "connectwise_conn_id"
    default_conn_name = "connectwise_default"
    conn_type = "connectwise"
    hook_name = "ConnectWise PSA"

    def __init__(
        self,
        connectwise_conn_id: str = default_conn_name,
        *,
        limits: Limits = LIMITS,
        clocks: Clocks | None = None,
    ) -> None:
        super().__init__()
        self.connectwise_conn_id = connectwise_conn_id
        self._limits = limits
        self._clocks = clocks or Clocks()
        self._opening = Lock()

    @property
    def tenant_key(self) -> str:
        """Names the tenant: ``connectwise:acme@api-eu.myconnectwise.net``, without regard to case; no request."""
        host = urlsplit(self._base_url).netloc
        return f"connectwise:{self._fields.text('company_id')}@{host}".casefold()

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
        """Tell what every ConnectWise tenant offers, once the connection can be read; no request is made."""
        self._api()
        return PsaCapabilities(
            quantity_write=QuantityWrite.SET,
            reads_quantity=True,
            adds_lines=True,
            whole_units=False,
            strategy="additions",
            explanation=_EXPLANATION,
            sets=SETS,
            lists_lag_s=_LISTS_LAG_S,
        )

    def read_directory(self, *, contract_type: str) -> PsaDirectory:
        """Read companies, agreements of every type and the catalogue. ``contract_type`` narrows nothing."""
        return read_directory(self._api())

    def read_lines(
        self, contracts: Sequence[Contract], services: Sequence[Service], *, days: Days | None = None
    ) -> list[ContractLine]:
        """Read all additions of these agreements; ``services`` is not needed here."""
        with self._opening:
            api, bundles = self._opened
        return read_additions(api, contracts, bundles)

    def reread_lines(self, wanted: Sequence[LinesAgain], *, days: Days | None = None) -> list[ContractLine]:
        """Read additions by their ids, which lags behind nothing; with ``look_up`` also the list of the agreement."""
        return read_again(self._api(), wanted)

    def last_edit(self, change: LineChange) -> str:
        """Say who edited the addition last, out of the audit trail; empty where it cannot be read. Never raises."""
        try:
            return last_edit(self._api(), change.line_id) if change.line_id else ""
        except BillingError:  # the connection itself
            return ""

    def write_line(self, change: LineChange) -> WriteReceipt:
        """Send one change, once.

        :raises NotSent: for what ConnectWise cannot hold.
        """
        return write_addition(self._api(), change)

    def invoiced_lines(self, period: BillingPeriod) -> list[InvoicedLine]:
        """Read the agreement invoices dated from the period's start on; they show no quantities."""
        return read_invoiced_lines(self._api(), period)

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the keys work, which rights are missing, and what can be written. Nothing is written."""
        try:
            rights = rights_of(self._api())
            server = f" (server version {rights.version})" if rights.version else ""
            signed_in = f"Read {self.tenant_key}{server}."
            if rights.missing:
                return False, f"{signed_in} The member's role lacks: {'; '.join(rights.missing)}."
            helpful = f" It would help to have: {'; '.join(rights.helpful)}." if rights.helpful else ""
            edits = "Whether the role may edit and add shows at the first write (Finance > Agreements: add, edit)."
            return True, f"{signed_in}{helpful} {self.capabilities().explanation} {edits}"
        except BillingError as error:
            return False, str(error)

    def advice(self, today: date) -> tuple[str, ...]:
        """Say when the model version is no longer served, or will not be for long."""
        asked, served = self._api().version, self._api().served
        if served and served != asked:
            return (
                f"version {asked} was asked for and the server answers with {served}; set api_version to {served}.",
            )
        if today.year - int(asked[:4]) >= _VERSION_YEARS_MAX:
            return (f"model version {asked} is from {asked[:4]} and may end soon; set api_version to a newer one.",)
        return ()

    def _api(self) -> CwApi:
        with self._opening:
            return self._opened[0]

    @cached_property
    def _fields(self) -> ConnectionFields:
        return ConnectionFields(self.conn_type, self.connectwise_conn_id)

    @cached_property
    def _base_url(self) -> str:
        return api_base_url(self._fields.base_url(), where=self._fields.where)

    @cached_property
    def _client(self) -> HttpClient:
        fields = self._fields
        voice = ErrorVoice(self.hook_name)
        base_url = self._base_url
        keys = ApiKeys(
            company_id=fields.text("company_id"),
            public_key=fields.login(),
            private_key=fields.password().strip(),
            client_id=fields.text("client_id"),
        )
        voice.masker.add(fields.password(), *keys.secrets)
        client = HttpClient(base_url, voice, limits=self._limits, read=CwAnswer.read, clocks=self._clocks)
        client.sign_in = keys
        return client

    @cached_property
    def _opened(self) -> tuple[CwApi, Bundles]:
        fields, company_id = self._fields, self._fields.text("company_id")
        version = fields.text("api_version") or _API_VERSION
        if not re.fullmatch(r"\d{4}\.\d{1,2}", version):
            allowed = "year and number of a model version, e.g. 2025.8"
            raise SettingsError(
                "is no model version", where=fields.where, key="api_version", value=version, allowed=allowed
            )
        codebase = Codebase(self._client, company_id, fields.text("codebase"), where=fields.where)
        api = CwApi(self._client, codebase, company_id=company_id, version=version)
        word = fields.text("bundles").casefold()
        if word not in {"", "auto", "off"}:
            raise SettingsError(
                "is no way to read", where=fields.where, key="bundles", value=word, allowed="auto or off"
            )
        return api, Bundles(api, wanted=word != "off")
