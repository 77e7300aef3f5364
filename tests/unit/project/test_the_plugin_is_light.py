"""Every component of Airflow loads the plugin; only the API server serves pages, and pays for them at the first one."""

from __future__ import annotations

import subprocess
import sys

PAGES_NEED = {
    "fastapi",
    "starlette",
    "jinja2",
    "itsdangerous",
    "sqlalchemy",
    "pandas",
    "matplotlib",
    "openpyxl",
    "requests",
}
CODE = """
import sys, types
import airflow.timetables.base
stub = types.ModuleType("airflow.plugins_manager")  # its own imports are Airflow's, not ours
stub.AirflowPlugin = type("AirflowPlugin", (), {})
sys.modules["airflow.plugins_manager"] = stub
before = set(sys.modules)
import billing_providers.plugin
print(*sorted(set(sys.modules) - before))
"""


def imported_by_the_plugin() -> set[str]:
    """Return what the plugin's module imports, in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_loading_the_plugin_loads_nothing_that_pages_need() -> None:
    """Neither the application with its routes nor templates, tables of the ledger, or what draws and counts."""
    imported = imported_by_the_plugin()
    ours = {name for name in imported if name.partition(".")[0] == "billing_providers"}

    assert {name.partition(".")[0] for name in imported} & PAGES_NEED == set()
    assert {name for name in ours if name.split(".")[1:2] in (["ledger"], ["engine"], ["hooks"], ["steps"])} == set()
    assert {name for name in ours if name.startswith("billing_providers.pages")} == {
        "billing_providers.pages",
        "billing_providers.pages.lazy_app",
    }


def test_the_application_is_made_at_the_first_request() -> None:
    """And once."""
    from billing_providers.pages.lazy_app import LazyApp

    lazy = LazyApp()

    assert lazy._app is None
    assert lazy.app is lazy.app
