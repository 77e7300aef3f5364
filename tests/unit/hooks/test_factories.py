"""An integration names its systems; the registry finds their hooks."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from billing_providers.errors import SettingsError
from billing_providers.hooks.psas import psa_for
from billing_providers.hooks.sources import source_for
from billing_providers.model.settings import IntegrationSettings
from billing_providers.registry import SYSTEMS


def settings(**fields: Any) -> IntegrationSettings:
    return IntegrationSettings(**{"integration": "x", "source": "atria", "psa": "kaseya_bms", **fields})


def test_a_connection_is_the_named_one_or_the_default() -> None:
    """An integration for a second tenant names its own connections."""
    assert psa_for(settings()).kaseya_bms_conn_id == "kaseya_bms_default"  # type: ignore[attr-defined]
    assert psa_for(settings(psa_conn_id="b")).kaseya_bms_conn_id == "b"  # type: ignore[attr-defined]
    assert source_for(settings()).atria_conn_id == "atria_default"  # type: ignore[attr-defined]
    assert source_for(settings(source_conn_id="c")).atria_conn_id == "c"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("source", "options", "problem"),
    [
        ("atria_report", {}, "url: is missing"),
        ("atria_report", {"url": "a.csv", "decimal_coma": True}, "unknown option; did you mean decimal_comma?"),
        ("atria", {"exclusive": True}, "unknown option; did you mean exclusive_end?"),
    ],
)
def test_a_wrong_option_is_a_settings_error(source: str, options: dict[str, Any], problem: str) -> None:
    """It names the integration, the key and a near one, before anything is read."""
    with pytest.raises(SettingsError) as caught:
        source_for(settings(source=source, source_options=options))

    assert str(caught.value).startswith("x, source_options: ")
    assert problem in str(caught.value)


def test_an_unknown_system_lists_the_known_ones() -> None:
    """A typing error is found with what may be written instead."""
    with pytest.raises(SettingsError, match="unknown source; got 'atira'; allowed: atria, atria_report"):
        source_for(settings(source="atira"))


def test_hooks_are_imported_by_the_names_people_use() -> None:
    """``from billing_providers.hooks import KaseyaBmsHook`` works for every hook of the registry, for no other."""
    import billing_providers.hooks as hooks

    for entry in SYSTEMS.values():
        name = entry.hook.rpartition(":")[2]
        assert getattr(hooks, name) is entry.hook_class()
        assert name in dir(hooks)
    with pytest.raises(AttributeError, match="KaseyaHook"):
        _ = hooks.KaseyaHook


def test_importing_hooks_costs_no_heavy_library() -> None:
    """A hook is imported before it speaks; HTTP, spreadsheets and frames wait until then."""
    modules = {entry.hook.partition(":")[0] for entry in SYSTEMS.values()}
    code = f"import sys\nfor name in {sorted(modules)!r}: __import__(name)\nprint(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert {"pandas", "openpyxl", "requests", "sqlalchemy.orm"} & set(printed.split()) <= _airflow_itself()


def _airflow_itself() -> set[str]:
    code = "import sys\nfrom airflow.sdk import BaseHook\nprint(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return set(printed.split())
