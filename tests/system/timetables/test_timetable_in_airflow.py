"""The billing calendar inside a real Airflow: loaded, stored, scheduled, back-filled."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing_providers.timetables.billing_period import BillingPeriodTimetable

DAG_FILE = """
from datetime import UTC, datetime, timedelta
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from billing_providers.timetables.billing_period import BillingPeriodTimetable

with DAG(
    "closes_on_the_26th",
    schedule=BillingPeriodTimetable(26, "Europe/London", timedelta(hours=6)),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=True,
    max_active_runs=1,
):
    EmptyOperator(task_id="close")
"""
PUBLISHING_DAG_FILE = """
from datetime import UTC, datetime, time
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from billing_providers.model.periods import BillingCalendar, PublishDay
from billing_providers.timetables.billing_period import BillingPeriodTimetable

with DAG(
    "publishes_on_the_31st",
    schedule=BillingPeriodTimetable.of(BillingCalendar(1, "Europe/London"), publish_on=PublishDay(31, time(9, 30))),
    start_date=datetime(2026, 5, 1, tzinfo=UTC),
    catchup=True,
    max_active_runs=1,
):
    EmptyOperator(task_id="close")
"""


@pytest.fixture(scope="module")
def dag_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dags")
    (folder / "closes_on_the_26th.py").write_text(DAG_FILE, encoding="utf-8")
    (folder / "publishes_on_the_31st.py").write_text(PUBLISHING_DAG_FILE, encoding="utf-8")
    return folder


@pytest.fixture
def stored_dag(clean_airflow_db, dag_folder):
    """The DAG as the scheduler sees it: parsed, written to the database, read back."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.utils.session import create_session

    bag = DagBag(dag_folder, bundle_path=dag_folder, bundle_name="billing-tests")
    assert bag.import_errors == {}
    with create_session() as session:
        session.merge(DagBundleModel(name="billing-tests"))
        session.flush()
        sync_bag_to_db(bag, "billing-tests", None, session=session)
    return SerializedDagModel.get_dag("closes_on_the_26th")


def test_the_scheduler_sees_the_calendar_that_the_dag_file_names(stored_dag):
    """What the DAG file says survives the way through the database, and there is a next run."""
    from airflow.models.dag import DagModel

    assert isinstance(stored_dag.timetable, BillingPeriodTimetable)
    assert stored_dag.timetable.summary == "Billing period from day 26, Europe/London, 6 h after close"
    model = DagModel.get_dagmodel("closes_on_the_26th")
    assert model.timetable_summary == "Billing period from day 26, Europe/London, 6 h after close"
    assert model.next_dagrun.isoformat() == "2026-01-26T00:00:00+00:00"
    assert model.next_dagrun_create_after.isoformat() == "2026-02-26T06:00:00+00:00"


def test_the_scheduler_sees_the_publish_day(stored_dag):
    """The day survives the way through the database, and the next run is due on the month's last day, local time."""
    from airflow.models.dag import DagModel
    from airflow.models.serialized_dag import SerializedDagModel

    stored = SerializedDagModel.get_dag("publishes_on_the_31st")
    assert stored.timetable.summary == (
        "Billing period from day 1, Europe/London, on day 31 or the month's last at 09:30"
    )
    model = DagModel.get_dagmodel("publishes_on_the_31st")
    assert model.next_dagrun.isoformat() == "2026-05-31T23:00:00+00:00"
    assert model.next_dagrun_create_after.isoformat() == "2026-07-31T08:30:00+00:00"


def test_parsing_twice_gives_the_same_bytes(dag_folder):
    """A serialised form that varied would make a new DAG version at every parse."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    first, second = (
        json.dumps(DagSerialization.to_dict(DagBag(dag_folder).dags["closes_on_the_26th"]), sort_keys=True)
        for _ in range(2)
    )

    assert first == second
    assert '"anchor_day": 26' in first


def test_a_backfill_makes_each_period_once(stored_dag):
    """A back-fill over some months makes one run per period, and the same back-fill again makes none."""
    from airflow.cli import cli_parser
    from airflow.models.dagrun import DagRun

    arguments = ["backfill", "create", "--dag-id", "closes_on_the_26th", "--reprocess-behavior", "none"]
    dates = ["--from-date", "2026-02-01T00:00:00+00:00", "--to-date", "2026-05-31T00:00:00+00:00"]
    parsed = cli_parser.get_parser().parse_args([*arguments, *dates])
    parsed.func(parsed)
    runs = sorted(DagRun.find(dag_id="closes_on_the_26th"), key=lambda run: run.logical_date)

    assert [(run.data_interval_start, run.data_interval_end) for run in runs] == [
        (datetime(2026, 2, 26, tzinfo=UTC), datetime(2026, 3, 26, tzinfo=UTC)),
        (datetime(2026, 3, 26, tzinfo=UTC), datetime(2026, 4, 25, 23, tzinfo=UTC)),
        (datetime(2026, 4, 25, 23, tzinfo=UTC), datetime(2026, 5, 25, 23, tzinfo=UTC)),
        (datetime(2026, 5, 25, 23, tzinfo=UTC), datetime(2026, 6, 25, 23, tzinfo=UTC)),
    ]


def test_airflow_refuses_a_second_run_of_a_period(stored_dag):
    """The logical date is the period's first instant, and Airflow keeps it unique."""
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType
    from sqlalchemy.exc import IntegrityError

    info = next(
        iter(stored_dag.iter_dagrun_infos_between(datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)))
    )

    def create(run_id: str) -> None:
        with create_session() as session:
            stored_dag.create_dagrun(
                run_id=run_id,
                logical_date=info.logical_date,
                data_interval=info.data_interval,
                run_after=info.run_after,
                run_type=DagRunType.SCHEDULED,
                triggered_by=DagRunTriggeredByType.TIMETABLE,
                state=DagRunState.QUEUED,
                session=session,
            )

    create("first")
    with pytest.raises(IntegrityError, match="logical_date"):
        create("second")
