"""Every PSA and every source: import strings, names, connection form, finding prefix.

A new system is one entry here and four new files (hook, sandbox twin, test fixture, docs page). Hooks are named
by import string and resolved on use, so that parsing a DAG imports none of them. Connection forms, the provider
info, test parameters and the docs index are derived from these entries.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from billing_providers.errors import SettingsError
from billing_providers.model.findings import FindingVoice


@dataclass(frozen=True, slots=True)
class ConnectionField:
    """One extra field of a connection form. ``secret`` fields are masked by Airflow and by our HTTP client."""

    key: str
    label: str
    description: str
    secret: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """A PSA or a source. Relabelled standard fields: ``login``, ``password``, ``host``; hidden ones are not shown."""

    key: str
    name: str
    role: str  # "psa" or "source"
    hook: str  # "module:Class"
    conn_type: str  # empty: needs no connection
    words: str  # how messages call it
    prefix: str = ""  # finding prefix, PSAs only
    host_placeholder: str = ""
    host_default: str = ""
    login_label: str = ""  # empty: hidden
    password_label: str = ""
    fields: tuple[ConnectionField, ...] = field(default=())
    foreign_form: bool = False  # the connection type belongs to another provider, which brings its form

    @property
    def default_conn_id(self) -> str:
        """The connection id that is used when the settings name none."""
        return f"{self.conn_type}_default" if self.conn_type else ""

    def hook_class(self) -> Any:
        """Import and return the hook class."""
        module, _, name = self.hook.partition(":")
        return getattr(import_module(module), name)


_ALLOW_HTTP = ConnectionField(
    "allow_http", "Allow http", "true: the host may be a plain http:// address of another machine; for tests only"
)

_SYSTEMS = (
    System(
        key="kaseya_bms",
        name="Kaseya BMS",
        role="psa",
        hook="billing_providers.hooks.kaseya_bms:KaseyaBmsHook",
        conn_type="kaseya_bms",
        words="Kaseya",
        prefix="KS",
        host_placeholder="https://api.bms.kaseya.com",
        login_label="API user",
        password_label="Password",
        fields=(
            ConnectionField("tenant", "Tenant", "Company name used at the BMS sign-in", required=True),
            ConnectionField("mfa_code", "MFA code", "Only when the API user has MFA", secret=True),
            ConnectionField(
                "line_api",
                "Line API",
                "Calls that read and change contract lines in this tenant, as JSON, or the word default; not in the published API (see the docs page)",
            ),
            ConnectionField("add_line", "Add lines", "true: missing contract lines may be added by the published call"),
            _ALLOW_HTTP,
        ),
    ),
    System(
        key="connectwise",
        name="ConnectWise PSA",
        role="psa",
        hook="billing_providers.hooks.connectwise:ConnectWiseHook",
        conn_type="connectwise",
        words="ConnectWise",
        prefix="CW",
        host_placeholder="https://api-na.myconnectwise.net",
        login_label="Public key",
        password_label="Private key",
        fields=(
            ConnectionField("company_id", "Company ID", "Company typed at the ConnectWise login", required=True),
            ConnectionField(
                "client_id",
                "Client ID",
                "GUID of the integration, from the developer portal",
                secret=True,
                required=True,
            ),
            ConnectionField(
                "api_version", "API version", "Model version that is asked for, e.g. 2025.8; empty: 2025.8"
            ),
            ConnectionField(
                "codebase", "Codebase", "Path of the release, e.g. v4_6_release/; empty: asked from the server"
            ),
            ConnectionField(
                "bundles",
                "Bundles",
                "auto (default): additions are read in bundles where the tenant has them; off: never",
            ),
            _ALLOW_HTTP,
        ),
    ),
    System(
        key="autotask",
        name="Autotask PSA",
        role="psa",
        hook="billing_providers.hooks.autotask:AutotaskHook",
        conn_type="autotask",
        words="Autotask",
        prefix="AT",
        host_placeholder="https://webservices.autotask.net",
        host_default="https://webservices.autotask.net",
        login_label="API user",
        password_label="Secret",
        fields=(
            ConnectionField(
                "integration_code",
                "Integration code",
                "Tracking identifier of the API user, 27 characters",
                secret=True,
                required=True,
            ),
            ConnectionField(
                "zone_url",
                "Zone",
                "e.g. https://webservices5.autotask.net/ATServicesRest; empty: asked from the server",
            ),
            _ALLOW_HTTP,
        ),
    ),
    System(
        key="atria",
        name="Atria",
        role="source",
        hook="billing_providers.hooks.atria:AtriaHook",
        conn_type="atria",
        words="Atria",
        host_placeholder="https://atria.example.com",
        password_label="API token",
        fields=(
            ConnectionField(
                "field_map", "Field map", "JSON: our field name to the name in Atria's answer; empty: the default map"
            ),
            _ALLOW_HTTP,
        ),
    ),
    System(
        key="atria_report",
        name="Atria billing report (CSV or XLSX)",
        role="source",
        hook="billing_providers.hooks.atria_report:AtriaReportSource",
        conn_type="",
        words="Atria",
    ),
    System(
        key="msp360",
        name="MSP360 Managed Backup",
        role="source",
        hook="billing_providers.hooks.msp360:Msp360Hook",
        conn_type="msp360",
        words="MSP360",
        host_placeholder="https://api.mspbackups.com",
        host_default="https://api.mspbackups.com",
        login_label="API login",
        password_label="API password",
        fields=(_ALLOW_HTTP,),
    ),
    System(
        key="rcloud",
        name="rCloud usage file (CSV or XLSX)",
        role="source",
        hook="billing_providers.hooks.rcloud:RCloudUsageSource",
        conn_type="",
        words="rCloud",
    ),
    System(
        key="datto_rmm",
        name="Datto RMM",
        role="source",
        hook="billing_providers.hooks.datto_rmm:DattoRmmHook",
        conn_type="datto_rmm",
        words="Datto RMM",
        host_placeholder="https://merlot-api.centrastage.net",
        login_label="API key",
        password_label="API secret key",
        fields=(_ALLOW_HTTP,),
    ),
    System(
        key="sherweb",
        name="Sherweb",
        role="source",
        hook="billing_providers.hooks.sherweb:SherwebHook",
        conn_type="sherweb",
        words="Sherweb",
        host_placeholder="https://api.sherweb.com",
        host_default="https://api.sherweb.com",
        login_label="Client ID",
        password_label="Client secret",
        fields=(
            ConnectionField(
                "subscription_key",
                "Subscription key",
                "Key that goes along with each call; from the partner portal, Security > APIs",
                secret=True,
                required=True,
            ),
            _ALLOW_HTTP,
        ),
    ),
    System(
        key="sherweb_invoice",
        name="Sherweb invoice file (CSV or XLSX)",
        role="source",
        hook="billing_providers.hooks.sherweb_file:SherwebInvoiceFile",
        conn_type="",
        words="Sherweb",
    ),
    System(
        key="module_metrics",
        name="Kaseya module metrics file (CSV or XLSX)",
        role="source",
        hook="billing_providers.hooks.module_metrics:ModuleMetricsSource",
        conn_type="",
        words="the metrics file",
    ),
    System(
        key="kaseya_modules",
        name="Kaseya modules: Datto RMM and a metrics file",
        role="source",
        hook="billing_providers.hooks.kaseya_modules:KaseyaModulesSource",
        conn_type="",
        words="the Kaseya modules",
    ),
    System(
        key="http_usage",
        name="Any vendor with a JSON usage endpoint",
        role="source",
        hook="billing_providers.hooks.http_usage:HttpUsageSource",
        conn_type="http",
        words="the vendor",
        foreign_form=True,
    ),
)

SYSTEMS: dict[str, System] = {system.key: system for system in _SYSTEMS}


def system(key: str, role: str) -> System:
    """Return a PSA or source by its key.

    :raises SettingsError: for an unknown key; lists the known ones.
    """
    found = SYSTEMS.get(key)
    if found is None or found.role != role:
        allowed = ", ".join(sorted(entry.key for entry in _SYSTEMS if entry.role == role))
        raise SettingsError(f"unknown {role}", where="registry", key=role, value=key, allowed=allowed)
    return found


def voice(psa: str, source: str) -> FindingVoice:
    """Return the words in which findings of this pair speak."""
    target = system(psa, "psa")
    return FindingVoice(prefix=target.prefix, psa=target.words, source=system(source, "source").words)
