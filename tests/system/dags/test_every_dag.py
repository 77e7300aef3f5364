"""Every DAG that is shipped: it loads, is stored the same each time, has a next run, and is cheap to parse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.closing import shipped_integrations, shipped_settings
from tests.support.settings_yaml import settings_yaml

ROOT = Path(__file__).resolve().parents[3]
DAG_FILES = [ROOT / "dags" / f"{name}.py" for name in shipped_integrations()]
FROM_FILES = [ROOT / "dags" / name for name in ("from_settings.py", "settings_faults.py")]

every_dag_file = pytest.mark.parametrize("dag_file", DAG_FILES, ids=lambda path: path.stem)


def dags_of(folder_or_file: Path):
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(folder_or_file)
    assert bag.import_errors == {}
    return bag.dags


def integration_of(dag_file: Path):
    """Return the DAG that bills, without its companion."""
    return dags_of(dag_file)[dag_file.stem]


def test_these_dags_are_shipped():
    """A DAG that cannot be loaded would be missing without a word."""
    integrations = {
        "atria_to_kaseya_bms",
        "kaseya_modules_to_autotask",
        "msp360_to_connectwise",
        "rcloud_to_connectwise",
        "sherweb_to_kaseya_bms",
    }
    companions = {f"{name}_{what}" for name in integrations for what in ("watch", "undo")}
    assert set(dags_of(ROOT / "dags")) == integrations | companions | {"sherweb_to_kaseya_bms_changes"}


def test_every_file_is_looked_at():
    """A DAG file is a settings block with the usual wiring, or one of the two that read settings files."""
    assert sorted((ROOT / "dags").glob("*.py")) == sorted(DAG_FILES + FROM_FILES)


def test_the_files_differ_in_their_settings_alone():
    """A data engineer copies one and changes its settings block; the wiring is the same in all.

    What moves inside the period has a DAG of its own, one line more.
    """
    wirings = {path.name: path.read_text(encoding="utf-8").partition("with DAG(")[2] for path in DAG_FILES}
    usual = {text.removesuffix("changes = changes_dag(MOVING)\n") for text in wirings.values()}

    assert len(usual) == 1, wirings.keys()
    assert "SETTINGS" in next(iter(usual))


@every_dag_file
def test_a_dag_survives_storing_and_has_a_next_run(dag_file):
    """The scheduler works with the stored form; an error in a timetable would show as a blank next run only."""
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables.base import TimeRestriction

    dag = integration_of(dag_file)
    first, second = (
        json.dumps(DagSerialization.to_dict(parsed), sort_keys=True) for parsed in (dag, reparsed(dag_file))
    )
    stored = DagSerialization.from_dict(json.loads(first))
    following = stored.timetable.next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(None, None, catchup=False)
    )

    assert first == second
    timetable = stored.timetable
    due = following.data_interval.end + timetable.settle_delay
    if timetable.publish_on is not None:
        period = timetable.calendar.period_containing(timetable.calendar.local_date(following.data_interval.start))
        due = timetable.publish_on.run_after(period)
    assert following.run_after == due
    assert timedelta(days=27) < following.data_interval.end - following.data_interval.start < timedelta(days=32)


def reparsed(dag_file: Path):
    return integration_of(dag_file)


@every_dag_file
def test_every_integration_has_a_watch_that_outlives_a_full_pool(dag_file):
    """It looks ahead every morning in the calendar's zone, and never waits for the slots of the runs it watches."""
    from airflow.serialization.serialized_objects import DagSerialization

    watch = DagSerialization.from_dict(DagSerialization.to_dict(dags_of(dag_file)[f"{dag_file.stem}_watch"]))
    setup, drift, all_well = (watch.get_task(name) for name in ("check_setup", "report_drift", "all_well"))

    assert watch.timetable.summary == "0 7 * * *"
    assert setup.pool == "default_pool"
    assert (watch.max_active_runs, watch.catchup) == (1, False)
    # Drift is told whatever the setup came to, reads when nobody else does, and hides no failure of the setup.
    assert (drift.trigger_rule, drift.upstream_task_ids) == ("all_done", {"check_setup"})
    assert drift.pool == integration_of(dag_file).get_task("push_contract_lines").pool
    assert (all_well.trigger_rule, all_well.upstream_task_ids) == ("all_success", {"check_setup", "report_drift"})
    assert [task.task_id for task in watch.tasks if not task.downstream_task_ids] == ["all_well"]


@every_dag_file
def test_every_integration_has_an_undo_that_starts_by_hand_alone_and_is_always_reviewed(dag_file):
    """It works in the same pool as the runs, has no schedule, and needs a run to be named."""
    from airflow.exceptions import ParamValidationError
    from airflow.serialization.serialized_objects import DagSerialization

    dag = dags_of(dag_file)[f"{dag_file.stem}_undo"]
    stored = DagSerialization.from_dict(DagSerialization.to_dict(dag))

    assert stored.timetable.summary == "None"
    assert [task.task_id for task in dag.topological_sort()] == [
        "plan_undo", "review_diff", "push_contract_lines", "verify_contract_lines", "report_run",
    ]  # fmt: skip
    assert {task.pool for task in stored.tasks} == {integration_of(dag_file).get_task("push_contract_lines").pool}
    assert {task.settings.review.value for task in dag.tasks} == {"always"}
    with pytest.raises(ParamValidationError):
        dag.params.validate()
    assert set(dag.params) == {"run", "dry_run"}


@every_dag_file
def test_the_form_offers_the_same_params_in_every_dag(dag_file):
    """All integrations are run in the same way."""
    dag = integration_of(dag_file)

    assert {"billing_period", "customers", "dry_run", "failed_only"} <= set(dag.params)
    assert dag.max_active_runs == 1


@pytest.mark.parametrize("dag_file", DAG_FILES + FROM_FILES, ids=lambda path: path.stem)
def test_parsing_loads_nothing_heavy(dag_file, tmp_path):
    """Every parse pays for every import: no pandas, no web framework, no HTTP client, no hook."""
    (tmp_path / "a.yaml").write_text(settings_yaml(shipped_settings(DAG_FILES[0].stem)))
    code = (
        "import runpy, sys\n"
        "before = set(sys.modules)\n"
        f"runpy.run_path({str(dag_file)!r})\n"
        "heavy = {'pandas', 'numpy', 'fastapi', 'openpyxl', 'rapidfuzz', 'billing_providers.hooks.kaseya_bms',"
        " 'billing_providers.sandbox', 'billing_providers.ledger.ledger'}\n"
        "print(sorted(heavy & (set(sys.modules) - before)))\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugins"), "BILLING_INTEGRATIONS": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert printed.strip().splitlines()[-1] == "[]"
