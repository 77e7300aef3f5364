"""The changes DAG: when it runs, what it is made of, and that it ends quietly where another run is at work."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from billing_providers.errors import SettingsError
from billing_providers.model.settings import IntegrationSettings
from billing_providers.operators import changes_dag
from tests.support.closing import closing, shipped_settings
from tests.support.moving import TABLE

NAME = "atria_to_kaseya_bms_changes"


@pytest.fixture
def settings(tmp_path: Path) -> IntegrationSettings:
    """The shipped settings with a movement table."""
    (tmp_path / "movement.csv").write_text(TABLE)
    return replace(shipped_settings(), movement=f"{tmp_path}/movement.csv")


def stored(dag: Any) -> Any:
    """Return the DAG as the scheduler knows it."""
    from airflow.serialization.serialized_objects import DagSerialization

    return DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))


def test_it_runs_every_quarter_of_an_hour_one_run_at_a_time(settings: IntegrationSettings) -> None:
    """By itself it looks at the period that is open, asks nobody, and never catches up."""
    from airflow.timetables.base import DataInterval, TimeRestriction

    dag = changes_dag(settings)
    known = stored(dag)
    at = datetime(2026, 11, 9, 10, tzinfo=UTC)
    following = known.timetable.next_dagrun_info(
        last_automated_data_interval=DataInterval.exact(at), restriction=TimeRestriction(at, None, catchup=True)
    )

    assert (known.dag_id, known.max_active_runs, known.catchup) == (NAME, 1, False)
    assert dag.params["billing_period"] == "Current"
    assert following.run_after == at + timedelta(minutes=15)
    assert dag.get_task("review_diff").settings.review == "off"
    order = [task.task_id for task in dag.topological_sort()]
    assert order == [
        "resolve_period", "extract_usage", "apply_billing_rules", "map_and_diff", "review_diff",
        "push_contract_lines", "verify_contract_lines", "report_run",
    ]  # fmt: skip
    assert {task.pool for task in dag.tasks} == {"psa_kaseya_bms"}


@pytest.mark.parametrize("every", [timedelta(minutes=5), None])
def test_an_event_of_any_of_its_assets_starts_it(settings: IntegrationSettings, every: timedelta | None) -> None:
    """From outside Airflow, or from another DAG; with or without a clock beside it."""
    from airflow.sdk import Asset

    known = stored(changes_dag(settings, every=every, on=[Asset("portal"), Asset("mailbox")]))

    condition = known.timetable.asset_condition
    assert type(condition).__name__ in {"SerializedAssetAny", "AssetAny"}
    assert {key.name for key, _ in condition.iter_assets()} == {"portal", "mailbox"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"movement": ""}, "movement: is empty"),
        ({"moves": ("billing_date",)}, "moves: moves nothing inside a period"),
    ],
)
def test_settings_that_move_nothing_are_refused(settings: IntegrationSettings, changed: Any, told: str) -> None:
    """A DAG that can never do anything would look as if all were well."""
    with pytest.raises(SettingsError, match=told):
        changes_dag(replace(settings, **changed))
    with pytest.raises(SettingsError, match="every: never runs"):
        changes_dag(settings, every=None)


DAG_FILE = """# Airflow looks for DAGs in files that name it.
from dataclasses import replace
from billing_providers.operators import changes_dag
from tests.support.closing import shipped_settings

changes = changes_dag(replace(shipped_settings(), movement={movement!r}, artifacts={artifacts!r}))
"""


def dag_in_airflow(folder: Path, settings: IntegrationSettings) -> Any:
    """Return the DAG of a file that Airflow knows."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    folder.mkdir()
    text = DAG_FILE.format(movement=settings.movement, artifacts=f"file://{folder}/artifacts")
    (folder / "changes.py").write_text(text, encoding="utf-8")
    bag = DagBag(folder, bundle_path=folder, bundle_name="changes-tests")
    assert bag.import_errors == {}
    with create_session() as session:
        session.merge(DagBundleModel(name="changes-tests"))
        session.flush()
        sync_bag_to_db(bag, "changes-tests", None, session=session)
    return bag.dags[NAME]


def run_of(dag: Any, minute: int) -> dict[str, str]:
    """Run the DAG as Airflow does; return the state of each task."""
    run = dag.test(run_after=datetime(2026, 11, 9, 10, minute, tzinfo=UTC))
    assert run.state == "success"
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def test_it_ends_quietly_where_another_run_is_at_work_and_else_comes_to_its_end(
    clean_airflow_db: Path, settings: IntegrationSettings, tmp_path: Path
) -> None:
    """In Airflow itself: every task is skipped, the report too; once the close has ended, every task runs."""
    dag = dag_in_airflow(tmp_path / "dags", settings)
    with closing(tmp_path) as msp:
        close = msp.run("october", billing_period="2026-10-25")
        close.plan()
        states = run_of(dag, 0)
        assert states.pop("resolve_period") == "success"
        assert set(states.values()) == {"skipped"}
        assert [run.run_key for run in close.ledger.runs.history("atria_to_kaseya_bms")] == [close.run_key]

        lock = close.ledger.locks.holder(close.run["tenant"], datetime(2026, 9, 26).date())
        close.ledger.locks.release(lock)
        assert set(run_of(dag, 15).values()) == {"success"}
        assert close.ledger.runs.history("atria_to_kaseya_bms")[0].mode == "in period"
