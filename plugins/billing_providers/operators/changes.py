"""The companion that carries changes inside the period: a small DAG that runs every few minutes, or on an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from airflow.sdk import DAG, Asset
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.trigger import DeltaTriggerTimetable

from billing_providers.errors import SettingsError
from billing_providers.model.movement import Moves
from billing_providers.model.settings import IntegrationSettings, ReviewMode
from billing_providers.operators.dag_params import run_params
from billing_providers.operators.report_changes import ReportChangesOperator
from billing_providers.operators.resolve_changes import ResolveChangesOperator
from billing_providers.operators.run_wiring import wire_run

QUARTER = timedelta(minutes=15)
_ABOUT = """Carries changes of {integration} into the contract lines while their period is still open.

Runs {when}. What moves at once or when its usage is updated ({table}) is written once it has stood for {debounce};
everything else, and what is left, the close writes. Nothing to do when another run is at work on the tenant. The people
in `notify` get a mail when something new has to be looked at.
"""


def changes_dag(
    settings: IntegrationSettings,
    *,
    every: timedelta | None = QUARTER,
    on: Sequence[Asset] = (),
    review: ReviewMode = ReviewMode.OFF,
) -> DAG:
    """Return the DAG ``<integration>_changes``; keep it in a global of the DAG file.

    :param every: how often it looks by itself; None: on events alone.
    :param on: assets; an event of any of them starts a run at once.
    :param review: when a person is asked. A question that waits keeps later changes waiting too, so by default nobody
        is: what a guard holds stays unwritten and is told, and the close asks.
    :raises SettingsError: without a movement table, or where nothing of the settings moves inside a period.
    """
    _check(settings, every, on)
    settings = replace(settings, review=review)
    about = _ABOUT.format(
        integration=settings.integration,
        when=" and ".join(_occasions(every, on)),
        table=settings.movement.rpartition("/")[2],
        debounce=f"{settings.debounce // timedelta(minutes=1)} minutes",
    )
    with DAG(
        dag_id=f"{settings.integration}_changes",
        description=about.splitlines()[0],
        doc_md=about,
        schedule=_schedule(every, on),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        params=run_params(billing_period="Current"),
        default_args={"retries": 1, "retry_delay": timedelta(minutes=1), "pool": settings.pool_name},
        tags=["billing", "changes", settings.source, settings.psa],
    ) as dag:
        run = ResolveChangesOperator(task_id="resolve_period", settings=settings)
        run >> wire_run(settings, run.output, report=ReportChangesOperator, billing_items=False)
    return dag


def _check(settings: IntegrationSettings, every: timedelta | None, on: Sequence[Asset]) -> None:
    if not settings.movement:
        raise SettingsError(
            "is empty", where=settings.integration, key="movement", allowed="the path of a movement table (CSV)"
        )
    if not settings.moves_inside_a_period:
        raise SettingsError(
            "moves nothing inside a period",
            where=settings.integration,
            key="moves",
            value=", ".join(settings.moves),
            allowed=f"{Moves.AT_ONCE}, {Moves.WHEN_UPDATED}, or both",
        )
    if every is None and not on:
        raise SettingsError("never runs", where="changes_dag", key="every", allowed="a timedelta, or assets in on")


def _schedule(every: timedelta | None, on: Sequence[Asset]) -> Any:
    if not on:
        return DeltaTriggerTimetable(every)
    any_of: Any = reduce(or_, on)
    if every is None:
        return [any_of] if len(on) == 1 else any_of
    return AssetOrTimeSchedule(timetable=DeltaTriggerTimetable(every), assets=any_of)


def _occasions(every: timedelta | None, on: Sequence[Asset]) -> list[str]:
    times = [f"every {every}"] if every else []
    return [*times, *([f"on events of {', '.join(asset.name for asset in on)}"] if on else [])]
