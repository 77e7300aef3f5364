"""What Airflow's plugin and providers managers learn about the package."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from billing_providers import __version__, timetables
from billing_providers.plugin import BillingPlugin
from billing_providers.provider_info import PACKAGE_NAME, get_provider_info
from billing_providers.registry import SYSTEMS


def test_the_plugin_registers_every_timetable():
    """A timetable that is not registered cannot be serialised, and its DAG never runs."""
    found = {
        value
        for module in iter_modules(timetables.__path__, f"{timetables.__name__}.")
        for name, value in vars(import_module(module.name)).items()
        if name.endswith("Timetable") and value.__module__ == module.name
    }

    assert set(BillingPlugin.timetables) == found
    assert BillingPlugin.name == "billing_providers"


def test_every_connection_of_the_registry_has_a_form():
    """A new system's form follows from its one line in the registry."""
    types = {entry["connection-type"]: entry for entry in get_provider_info()["connection-types"]}
    wanted = {system.conn_type: system for system in SYSTEMS.values() if system.conn_type and not system.foreign_form}

    assert set(types) == set(wanted)
    assert "http" not in types  # its form is that of Airflow's HTTP provider
    for conn_type, system in wanted.items():
        assert types[conn_type]["hook-class-name"] == system.hook.replace(":", ".")
        assert list(types[conn_type]["conn-fields"]) == [field.key for field in system.fields]
        for field in system.fields:
            schema = types[conn_type]["conn-fields"][field.key]["schema"]
            assert (schema.get("format") == "password") is field.secret


def test_the_form_of_kaseya_bms_is_this():
    """Labels, masked fields and hidden fields are what a person sees under Admin > Connections."""
    (form,) = (entry for entry in get_provider_info()["connection-types"] if entry["connection-type"] == "kaseya_bms")

    assert form["hook-name"] == "Kaseya BMS"
    assert form["ui-field-behaviour"] == {
        "hidden-fields": ["port", "schema", "extra"],
        "relabeling": {"host": "Base URL", "login": "API user", "password": "Password"},
        "placeholders": {"host": "https://api.bms.kaseya.com"},
    }
    assert form["conn-fields"]["tenant"]["schema"] == {"type": "string"}
    assert form["conn-fields"]["mfa_code"]["schema"] == {"type": ["string", "null"], "format": "password"}


def test_a_form_hides_what_its_system_does_not_use():
    """Atria takes a token only, so nobody is asked for a login."""
    (form,) = (entry for entry in get_provider_info()["connection-types"] if entry["connection-type"] == "atria")

    assert form["ui-field-behaviour"]["hidden-fields"] == ["login", "port", "schema", "extra"]
    assert form["ui-field-behaviour"]["relabeling"]["password"] == "API token"


def test_the_version_has_one_source():
    """Airflow shows the version that the package has."""
    info = get_provider_info()

    assert info["versions"] == [__version__]
    assert info["package-name"] == PACKAGE_NAME


def test_airflow_accepts_the_forms():
    """The providers manager takes every field into its form, without a warning and without importing a hook."""
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    widgets = {
        (widget.field_name, widget.is_sensitive)
        for name, widget in manager._connection_form_widgets_from_metadata.items()
        if name.startswith("extra__kaseya_bms__")
    }

    assert widgets == {(field.key, field.secret) for field in SYSTEMS["kaseya_bms"].fields}
    assert manager._field_behaviours_from_metadata["kaseya_bms"]["relabeling"]["login"] == "API user"
