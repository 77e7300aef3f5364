"""The wheel as a user gets it: installed with its runtime dependencies only, into an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.slow

# Runs in the clean environment: the shipped DAG, dry, against the sandbox that the wheel carries.
RUN_THE_DAG = """
import json, os
from billing_providers.sandbox.credentials import ATRIA_TOKEN, BMS_PASSWORD, BMS_TENANT, BMS_USER
from billing_providers.sandbox.server import SandboxServer

with SandboxServer(port=0) as sandbox:
    os.environ["AIRFLOW_CONN_KASEYA_BMS_DEFAULT"] = json.dumps({
        "conn_type": "kaseya_bms", "host": sandbox.base_url("kaseya_bms"), "login": BMS_USER,
        "password": BMS_PASSWORD, "extra": {"tenant": BMS_TENANT, "line_api": "default"},
    })
    os.environ["AIRFLOW_CONN_ATRIA_DEFAULT"] = json.dumps(
        {"conn_type": "atria", "host": sandbox.base_url("atria"), "password": ATRIA_TOKEN}
    )
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    initdb()
    Pool.create_or_update_pool("psa_kaseya_bms", slots=1, description="", include_deferred=True)
    bag = DagBag()
    assert bag.import_errors == {}, bag.import_errors
    with create_session() as session:
        session.merge(DagBundleModel(name="dags-folder"))
        session.flush()
        sync_bag_to_db(bag, "dags-folder", None, session=session)
    run = bag.dags["atria_to_kaseya_bms"].test(run_conf={"dry_run": True})
    print("STATE", run.state)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from what is in the tree."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def clean(tmp_path_factory, wheel) -> Path:
    """An environment that holds the wheel and what it requires, and nothing else."""
    venv = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    installer = (
        [uv, "pip", "install", "--python", venv / "bin/python"] if uv else [venv / "bin/python", "-m", "pip", "install"]
    )
    done = subprocess.run(
        [*installer, "--quiet", "-c", ROOT / "constraints.txt", wheel], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return venv


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """An Airflow home with the shipped DAGs in it, and ``include/`` beside them as in a project."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(ROOT / "dags", home / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("rules", "mappings"):
        shutil.copytree(ROOT / "include" / part, home / "include" / part)
    return home


def run(clean: Path, home: Path, *command: str) -> str:
    """Run something of the clean environment; return what it printed."""
    environment = {
        "PATH": f"{clean / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "COLUMNS": "500",
    }
    done = subprocess.run(
        [clean / "bin" / command[0], *command[1:]],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_wheel_holds_our_package_its_sql_and_nothing_of_airflows(wheel):
    """A file in Airflow's namespace would break Airflow; a missing SQL file would break the ledger."""
    names = ZipFile(wheel).namelist()
    sql = {path.relative_to(ROOT / "include/sql").as_posix() for path in (ROOT / "include/sql").rglob("*.sql")}

    assert {name.split("/")[0] for name in names} == {
        "billing_providers",
        "airflow_provider_psa_billing-0.1.0.dist-info",
    }
    assert {name.partition("_include/sql/")[2] for name in names if name.endswith(".sql")} == sql
    assert sql
    assert "airflow_provider_psa_billing-0.1.0.dist-info/licenses/LICENSE" in names
    assert not [name for name in names if name.endswith(".pyc") or "tests/" in name]


def test_airflow_shows_provider_plugin_and_hooks(clean, home):
    """What a deployer checks first: the provider, the plugin with its timetable, and both connection types."""
    assert "airflow-provider-psa-billing" in run(clean, home, "airflow", "providers", "list")
    assert "billing_providers.timetables.billing_period.BillingPeriodTimetable" in run(
        clean, home, "airflow", "plugins", "-o", "json"
    )
    hooks = run(clean, home, "airflow", "providers", "hooks")
    for conn_type, hook in (("kaseya_bms", "KaseyaBmsHook"), ("atria", "AtriaHook")):
        (line,) = (line for line in hooks.splitlines() if line.startswith(f"{conn_type} "))
        assert hook in line
        assert "Error" not in line


def test_the_sql_is_found_in_the_installed_package(clean, home):
    """Outside a checkout the ledger's statements come from the wheel."""
    code = "from billing_providers.resources import include_dir; print(include_dir())"
    found = Path(run(clean, home, "python", "-c", code).strip())

    assert found.is_relative_to(clean)
    assert list((found / "sql").rglob("*.sql"))


def test_the_shipped_dag_runs_from_the_installed_wheel(clean, home):
    """A dry run of a whole billing period, with nothing but the wheel and its requirements."""
    printed = run(clean, home, "python", "-c", RUN_THE_DAG)

    assert "STATE success" in printed, printed[-3000:]
