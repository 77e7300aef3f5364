"""Looks ahead: would a run work today, and was every period billed that was due?

Nothing is written but the findings, which replace those of the day before; old readings are thinned where that is set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from billing_providers.engine.open_periods import open_periods
from billing_providers.errors import BillingError
from billing_providers.model.advice import GivesAdvice
from billing_providers.model.findings import Finding, Level
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.runs import IN_PERIOD
from billing_providers.registry import system
from billing_providers.steps.psa import opened_psa
from billing_providers.steps.result_mail import send_watch
from billing_providers.steps.settings_files import check_settings_files
from billing_providers.steps.step import BillingStep
from billing_providers.steps.thin_readings import thin_readings

if TYPE_CHECKING:
    from airflow.sdk import Context

    from billing_providers.ledger.ledger import Ledger
    from billing_providers.timetables.billing_period import BillingPeriodTimetable

_PERIODS_MAX = 12
_SCHEDULED = frozenset({"scheduled", "backfill"})


def check_setup(step: BillingStep, context: Context, *, grace: timedelta) -> dict[str, Any]:
    """Try connections, tables and ledger, look through the history, tell people what is new or wrong.

    :param grace: how long after a run is due its period may still be open.
    """
    from airflow.sdk.exceptions import AirflowFailException

    now, key = datetime.now(UTC), context["dag_run"].dag_id
    ledger = step.ledger()
    ledger.migrate()
    ledger.check_writable()
    findings = [*_broken(step, ledger, now), *_open(step, ledger, now - grace), *thin_readings(step, ledger, now)]
    own = {step.stage, f"{step.stage}.fault"}
    told = {finding for stage, finding in ledger.findings.of_run(key) if stage in own}
    step.keep_findings(ledger, key, findings)
    errors = [finding for finding in findings if finding.level is Level.ERROR]
    for finding in findings:
        step.log.warning("%s: %s %s", finding.code, finding.message, finding.resolution)
    if errors or told != set(findings):
        send_watch(step.settings, findings, context)
    if errors:
        raise AirflowFailException("; ".join(f"{finding.code}: {finding.message}" for finding in errors))
    return {"findings": [f"{finding.code}: {finding.message}" for finding in findings]}


def _timetable(step: BillingStep) -> BillingPeriodTimetable:
    from billing_providers.timetables.billing_period import BillingPeriodTimetable

    settings = step.settings
    return BillingPeriodTimetable.of(settings.calendar, settings.settle_delay, settings.publish_on)


def _broken(step: BillingStep, ledger: Ledger, now: datetime) -> Iterator[Finding]:
    """Yield what would stop a run today, and what will one day."""
    ((due, _),) = _timetable(step).next_runs(1, now)

    def tried(what: str, work: Callable[[], tuple[bool, str]]) -> Iterator[Finding]:
        try:
            works, told = work()
        except BillingError as error:
            works, told = False, str(error)
        if not works:
            yield step.voice.finding(192, what=what, error=told.rstrip(".") + ".", due=f"{due:%Y-%m-%d}")

    settings = step.settings
    source_conn = settings.source_conn_id or system(settings.source, "source").default_conn_id
    source = f"Source {settings.source}" + (f" (connection {source_conn})" if source_conn else "")

    def files() -> tuple[bool, str]:
        check_settings_files(settings)
        return True, ""

    yield from tried("A file of the settings", files)
    yield from tried(source, lambda: _source_test(step))
    advice: list[str] = []
    yield from tried(f"PSA connection {step.psa_conn_id}", lambda: _psa_test(step, ledger, now, advice))
    for sentence in advice:
        yield step.voice.finding(194, connection=step.psa_conn_id, advice=sentence)


def _source_test(step: BillingStep) -> tuple[bool, str]:
    from billing_providers.hooks.sources import source_for

    return source_for(step.settings).test_connection()


def _psa_test(step: BillingStep, ledger: Ledger, now: datetime, advice: list[str]) -> tuple[bool, str]:
    with opened_psa(step, ledger, owner=f"{step.settings.integration}/{step.stage}") as psa:
        tested = psa.test_connection()
        if tested[0] and isinstance(psa, GivesAdvice):
            advice += psa.advice(step.settings.calendar.local_date(now))
    return tested


def _open(step: BillingStep, ledger: Ledger, due_until: datetime) -> list[Finding]:
    """Return the periods that were due by then and are open, from the first scheduled run on, the latest twelve."""
    integration = step.settings.integration
    timetable = _timetable(step)
    last_closed = timetable.calendar.period_containing(timetable.calendar.local_date(due_until))
    due: list[tuple[BillingPeriod, datetime]] = []
    period = last_closed
    while len(due) < _PERIODS_MAX:
        if (instant := timetable.run_after(period)) <= due_until:
            due.insert(0, (period, instant))
        period = timetable.calendar.period_before(period)
    runs = [run for run in ledger.runs.since(integration, due[0][0].start) if run.mode != IN_PERIOD]
    first = min((run.period_start for run in runs if run.mode in _SCHEDULED), default=due[-1][0].start)
    return [
        step.voice.finding(
            193,
            level=Level.WARNING if found.waiting else None,
            period=found.period,
            due=f"{found.due:%Y-%m-%d %H:%M} UTC",
            why=found.why,
        )
        for found in open_periods([pair for pair in due if pair[0].start >= first], runs)
    ]
