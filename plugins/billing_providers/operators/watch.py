"""The companion of every integration: a small DAG that looks ahead, and back, every morning."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable

from billing_providers.model.settings import IntegrationSettings
from billing_providers.operators.check_setup import CheckSetupOperator
from billing_providers.operators.report_drift import ReportDriftOperator

_ABOUT = """Would a run of {integration} work today, and was every period billed that was due?

Tests both connections, reads rules and tables, writes to the ledger, and looks through the history of runs. Fails when
something is wrong; the people in `notify` get a mail, and another one when something new is found. Then it compares
every managed line with what was last set or confirmed, and tells what was changed by hand; that is a warning, and no
failure. Nothing is written to the PSA.
"""


def watch_dag(settings: IntegrationSettings, *, at: time = time(7), grace: timedelta = timedelta(days=1)) -> DAG:
    """Return the DAG ``<integration>_watch``; keep it in a global of the DAG file.

    :param at: local time of the billing calendar's zone.
    :param grace: how long after a run is due its period may still be open, e.g. because a review waits.
    """
    about = _ABOUT.format(integration=settings.integration)
    with DAG(
        dag_id=f"{settings.integration}_watch",
        description=about.splitlines()[0],
        doc_md=about,
        schedule=CronTriggerTimetable(f"{at.minute} {at.hour} * * *", timezone=settings.calendar.timezone),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        tags=["billing", "watch", settings.source, settings.psa],
    ) as dag:
        setup = CheckSetupOperator(task_id="check_setup", settings=settings, grace=grace)
        drift = ReportDriftOperator(task_id="report_drift", settings=settings, pool=settings.pool_name)
        # The last task of a DAG decides how it ended, and drift is told whatever the setup came to.
        setup >> drift >> EmptyOperator(task_id="all_well") << setup
    return dag
