"""Several runs at once: by hand, by a back-fill, of all integrations; and a rule that changes under an old period."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from scripts.demo import INTEGRATIONS
from tests.system.cluster.project import COPIED_DAG
from tests.system.cluster.stage import DAG, REVIEW, Run, Stage

IN_FLIGHT = {"kaseya_bms": 3, "connectwise": 4}  # of all tasks together, however many workers there are
IN_FLIGHT_OF_AUTOTASK = 3  # for each of its endpoints


@pytest.mark.sampled
def test_the_same_period_triggered_twice_at_once_is_written_once(stage):
    """Airflow lets the second run of a DAG begin when the first has ended; it then plans nothing."""
    stage.edit(5)
    first, second = stage.trigger(), stage.trigger()

    assert stage.finish_all((DAG, first), (DAG, second)) == {"success"}
    assert stage.wanted(second) == []
    assert stage.judge((DAG, first), (DAG, second)) >= 5


def test_two_runs_of_one_tenant_and_period_overlap_and_one_at_a_time_works_on_them(stage):
    """The lock keeps the second out until the first has ended, be it started by a person or by the scheduler."""
    stage.edit(5)
    runs = [(DAG, stage.trigger()), (COPIED_DAG, stage.scheduled(COPIED_DAG))]

    assert stage.finish_all(*runs) == {"success"}
    assert overlapped(stage, *runs)
    assert max(stage.api.instances(*run)["resolve_period"]["try_number"] for run in runs) > 1
    assert sorted(bool(stage.changes(run)) for run in runs) == [False, True]
    assert stage.judge(*runs) >= 5


@pytest.mark.sampled
def test_a_changed_rule_and_an_old_period_run_again_write_what_the_new_rule_says(stage):
    """A rerun of the rules reads them as they are now; what they change is planned, reviewed and written once."""
    run_id = stage.run_again()
    stage.judge((DAG, run_id))
    before = len(stage.wanted(run_id))
    rules = stage.project / "include" / "rules" / "atria.yaml"
    shipped = rules.read_text(encoding="utf-8")
    rules.write_text(shipped.replace("rules:\n", f"rules:\n{DOUBLED}", 1), encoding="utf-8")
    try:
        stage.api.clear(DAG, run_id, ["apply_billing_rules"])
        stage.wait_for(lambda: stage.api.run(DAG, run_id)["state"] in ("queued", "running"), "the run to begin again")
        stage.finish(run_id)
    finally:
        rules.write_text(shipped, encoding="utf-8")

    changes = stage.changes((DAG, run_id))
    assert before < len(changes)
    assert {change.customer_codes for change in changes} == {(CUSTOMER,)}
    # A quantity with decimals was rounded up once, and is doubled before that.
    assert all(change.quantity_after - 2 * change.quantity_before in (0, -1) for change in changes)
    assert stage.judge((DAG, run_id)) == len(changes)

    again = stage.run_again()
    assert [change.quantity_before for change in stage.changes((DAG, again))] == [c.quantity_after for c in changes]
    assert stage.judge((DAG, again)) == len(changes)


@pytest.mark.sampled("test_on_celery")
def test_six_months_are_back_filled_each_exactly_once(stage):
    """A back-fill runs each period once, and each writes what was approved for it."""
    stage.judge((DAG, stage.run_again()))
    last = date.fromisoformat(stage.period())
    months = [month_before(last, count) for count in range(6, 0, -1)]
    known = {run["dag_run_id"] for run in stage.api.runs(DAG)}
    # A period begins at midnight of its own time zone, which may be the evening before in UTC.
    number = stage.api.backfill(DAG, f"{months[0] - timedelta(days=1)}T00:00:00Z", f"{months[-1]}T00:00:00Z")

    def runs() -> list[dict[str, Any]]:
        return [run for run in stage.api.runs(DAG) if run["dag_run_id"] not in known]

    stage.wait_for(lambda: len(runs()) == 6, "six runs")
    assert stage.finish_all(*((DAG, run["dag_run_id"]) for run in runs())) == {"success"}
    stage.wait_for(lambda: stage.api.backfill_ended(number), "the end of the back-fill")
    assert [run["run_type"] for run in runs()] == ["backfill"] * 6
    periods = [stage.api.xcom(DAG, run["dag_run_id"], "resolve_period")["period"]["start"] for run in runs()]
    assert sorted(periods) == [str(month) for month in months]
    stage.judge(*((DAG, run["dag_run_id"]) for run in runs()))


@pytest.mark.sampled("test_on_celery")
def test_five_integrations_close_at_once_within_the_limits_of_each_psa(stage):
    """A pool for each PSA keeps the tasks of a tenant apart, on whichever worker they run."""
    stage.edit(10)
    stage.forget_requests()
    runs = {dag_id: stage.trigger() if dag_id == DAG else stage.scheduled(dag_id) for dag_id in INTEGRATIONS}
    assert stage.finish_all(*runs.items()) == {"success"}

    counters = stage.control("requests")
    together = {system: counters["max_in_flight"][system] for system in IN_FLIGHT}
    assert {system: most for system, most in together.items() if most > IN_FLIGHT[system]} == {}
    endpoints = {row["endpoint"] for row in counters["requests"] if row["system"] == "autotask"}
    of_autotask = {place: counters["max_in_flight_per_endpoint"][place] for place in endpoints}
    assert max(of_autotask.values()) <= IN_FLIGHT_OF_AUTOTASK, of_autotask
    one_after_the_other(stage, runs)
    assert workers_of(stage, runs) >= set(stage.cluster.WORKERS)
    assert stage.judge(*runs.items()) >= 300


def one_after_the_other(stage: Stage, runs: dict[str, str]) -> None:
    """No two tasks of one tenant's pool ran at once."""
    spans: dict[str, list[tuple[datetime, datetime, str]]] = {}
    for run in runs.items():
        for task_id, task in stage.api.instances(*run).items():
            if task["pool"].startswith("psa_") and task["start_date"] and task_id != REVIEW:
                span = (moment(task["start_date"]), moment(task["end_date"]), f"{run[0]}.{task_id}")
                spans.setdefault(task["pool"], []).append(span)
    assert set(spans) == {"psa_kaseya_bms", "psa_connectwise", "psa_autotask"}
    for of_pool in spans.values():
        of_pool.sort()
        together = [(one[2], two[2]) for one, two in pairwise(of_pool) if two[0] < one[1]]
        assert together == []


def workers_of(stage: Stage, runs: dict[str, str]) -> set[str]:
    """Return where the tasks of these runs ran."""
    return {str(task["hostname"]) for run in runs.items() for task in stage.api.instances(*run).values()}


def overlapped(stage: Stage, *runs: Run) -> bool:
    """Whether all runs were under way at one moment."""
    told = [stage.api.run(*run) for run in runs]
    return max(moment(run["start_date"]) for run in told) < min(moment(run["end_date"]) for run in told)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def month_before(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - count, 12)
    return day.replace(year=year, month=month + 1)


CUSTOMER = "JUMP"
DOUBLED = f"""  - name: Twice as many
    customers: {CUSTOMER}
    multiply: 2

"""
