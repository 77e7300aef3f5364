"""What Airflow's providers manager and connection form know about this package, derived from the registry.

Read by the ``apache_airflow_provider`` entry point. Airflow shows the forms without importing a hook.
"""

from __future__ import annotations

from typing import Any

from billing_providers import __version__
from billing_providers.registry import SYSTEMS, ConnectionField, System

PACKAGE_NAME = "airflow-provider-psa-billing"


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata."""
    return {
        "package-name": PACKAGE_NAME,
        "name": "PSA Billing",
        "description": "Carries each billing period's vendor usage into the recurring contract lines of a PSA.",
        "versions": [__version__],
        "connection-types": [_connection_type(system) for system in SYSTEMS.values() if _has_form(system)],
        "plugins": [{"name": "billing_providers", "plugin-class": "billing_providers.plugin.BillingPlugin"}],
    }


def _has_form(system: System) -> bool:
    return bool(system.conn_type) and not system.foreign_form


def _connection_type(system: System) -> dict[str, Any]:
    return {
        "connection-type": system.conn_type,
        "hook-class-name": system.hook.replace(":", "."),
        "hook-name": system.name,
        "ui-field-behaviour": _standard_fields(system),
        "conn-fields": {field.key: _extra_field(field) for field in system.fields},
    }


def _standard_fields(system: System) -> dict[str, Any]:
    labels = {"host": "Base URL", "login": system.login_label, "password": system.password_label}
    shown = {name: label for name, label in labels.items() if label}
    return {
        "hidden-fields": [name for name in ("login", "password", "port", "schema", "extra") if name not in shown],
        "relabeling": shown,
        "placeholders": {"host": system.host_default or system.host_placeholder},
    }


def _extra_field(field: ConnectionField) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string" if field.required else ["string", "null"]}
    if field.secret:
        schema["format"] = "password"
    return {"label": field.label, "description": field.description, "schema": schema}
