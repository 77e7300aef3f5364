"""Waiting for a source: without a worker, without the tenant's lock, and not for ever."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowRescheduleException

from billing_providers.ledger.connect import open_ledger
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.runs import RunScope
from billing_providers.model.settings import IntegrationSettings
from billing_providers.operators import WaitForUsageSensor
from tests.support.chosen_ledger import chosen_ledger

JULY = BillingPeriod(date(2026, 7, 1), date(2026, 8, 1), "Europe/London")
SCOPE = RunScope(
    run_key="rcloud_to_connectwise/r1",
    integration="rcloud_to_connectwise",
    tenant="connectwise:harbourmsp",
    period=JULY,
    customers=(),
    dry_run=False,
    failed_only=False,
    as_of=date(2026, 8, 5),
)
CONTENT = "Client,Billable Space,Month\nAspen,12.5,2026-07\n"


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A ledger of its own."""
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_LEDGER", chosen_ledger(tmp_path))
    opened = open_ledger("billing_ledger")
    opened.migrate()
    yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "2026-07.csv"


def settings(file: Path, **changed: Any) -> IntegrationSettings:
    options = {"url": f"{file.parent}/{{year}}-{{month}}.csv", **changed.pop("source_options", {})}
    return IntegrationSettings("rcloud_to_connectwise", "rcloud", "connectwise", source_options=options, **changed)


def ask(made: IntegrationSettings, *, first_asked: datetime | None = None, **options: Any) -> Any:
    """Run the sensor once, as Airflow does at each ask."""
    sensor = WaitForUsageSensor(task_id="wait_for_usage", settings=made, run=SCOPE.to_json(), **options)
    dag_run = SimpleNamespace(dag_id="rcloud_to_connectwise", run_id="r1")
    instance = SimpleNamespace(get_first_reschedule_date=lambda context: first_asked)
    context: Any = {"dag_run": dag_run, "ti": instance}
    return sensor.execute(context)


def arrive(file: Path, content: str = CONTENT, *, age_s: int = 3600) -> None:
    file.write_text(content)
    os.utime(file, (time.time() - age_s, time.time() - age_s))


def told(ledger: Ledger) -> list[tuple[str, str, str]]:
    return [(stage, finding.code, finding.message) for stage, finding in ledger.findings.of_run(SCOPE.run_key)]


def test_a_file_that_is_there_passes_at_the_first_ask(ledger: Ledger, file: Path) -> None:
    """Nothing to wait for, nothing to tell."""
    arrive(file)

    ask(settings(file))

    assert told(ledger) == []


def test_a_file_that_is_late_frees_the_worker_and_says_why(ledger: Ledger, file: Path) -> None:
    """Airflow is asked to come back after the poke interval; a person sees what is waited for."""
    before = datetime.now(UTC)
    with pytest.raises(AirflowRescheduleException) as caught:
        ask(settings(file, usage_poke=timedelta(minutes=7)))

    assert timedelta(minutes=7) <= caught.value.reschedule_date - before < timedelta(minutes=8)
    (stage, code, message), *_ = told(ledger)
    assert (stage, code) == ("wait_for_usage", "CW154")
    assert message.endswith(f"is waited for: there is no file yet at {file}")


def test_the_file_arrives_and_the_run_goes_on(ledger: Ledger, file: Path) -> None:
    """Missing, then fresh, then whole: the reasons change, and at last there is none."""
    for age_s, reason in ((None, "there is no file yet"), (5, "may still be being written")):
        if age_s is not None:
            arrive(file, age_s=age_s)
        with pytest.raises(AirflowRescheduleException):
            ask(settings(file), first_asked=datetime.now(UTC) - timedelta(hours=1))
        assert reason in told(ledger)[0][2]

    arrive(file)
    ask(settings(file), first_asked=datetime.now(UTC) - timedelta(hours=2))

    assert told(ledger) == []


def test_the_end_of_the_wait_is_code_03_with_the_last_reason(ledger: Ledger, file: Path) -> None:
    """A person learns what was missing, not that a sensor timed out; the task is not tried for another twelve hours."""
    arrive(file, CONTENT.replace("2026-07", "2026-06"))

    with pytest.raises(AirflowFailException) as caught:
        ask(settings(file), first_asked=datetime.now(UTC) - timedelta(hours=12, seconds=1))

    assert "was not ready after 12 h: it is last month's file: all 1 rows are of 2026-06" in str(caught.value)
    assert [(stage, code) for stage, code, _ in told(ledger)] == [
        ("wait_for_usage", "CW154"),
        ("wait_for_usage.fault", "CW03"),
    ]
    fault = ledger.findings.of_run(SCOPE.run_key)[-1][1]
    assert (fault.level.value, fault.about("failure_class")) == ("error", "source")


def test_after_the_wait_has_failed_a_cleared_task_tells_only_what_is_so_now(ledger: Ledger, file: Path) -> None:
    """The fault of an earlier try is no fault of the run that went on."""
    with pytest.raises(AirflowFailException):
        ask(settings(file, usage_wait=timedelta(0)), first_asked=datetime.now(UTC) - timedelta(seconds=1))
    arrive(file)

    ask(settings(file))

    assert told(ledger) == []


@pytest.mark.parametrize(
    ("content", "changed", "problem"),
    [
        (CONTENT, {"source_options": {"number_format": "german"}}, "number_format: unknown number format"),
        (CONTENT.replace("Billable Space", "GB used"), {}, "billable_space: no column has this heading"),
    ],
)
def test_wrong_settings_fail_at_once(
    content: str, changed: dict[str, Any], problem: str, ledger: Ledger, file: Path
) -> None:
    """Waiting repairs no setting."""
    arrive(file, content)

    with pytest.raises(AirflowFailException, match=problem):
        ask(settings(file, **changed))

    assert [(stage, code) for stage, code, _ in told(ledger)] == [("wait_for_usage.fault", "CW13")]


def test_a_storage_that_does_not_answer_is_waited_for(ledger: Ledger, file: Path) -> None:
    """An outage of an hour must not cost the run; here a folder stands where the file should."""
    file.mkdir()

    with pytest.raises(AirflowRescheduleException):
        ask(settings(file, source_options={"whole_file_after_s": 0}))

    assert "IsADirectoryError" in told(ledger)[0][2]


def test_the_lock_is_given_back_while_waiting(ledger: Ledger, file: Path) -> None:
    """Other integrations of the tenant go on meanwhile; a lock of another run is left alone."""
    now = datetime.now(UTC)
    ledger.locks.acquire(SCOPE.tenant, JULY.start, SCOPE.run_key, 1800, now)
    with pytest.raises(AirflowRescheduleException):
        ask(settings(file))
    assert ledger.locks.acquire(SCOPE.tenant, JULY.start, "msp360_to_connectwise/r9", 1800, now).taken_over_from is None

    with pytest.raises(AirflowRescheduleException):
        ask(settings(file))
    holder = ledger.locks.holder(SCOPE.tenant, JULY.start)
    assert holder is not None and holder.owner == "msp360_to_connectwise/r9"


def test_the_lock_is_kept_when_there_is_nothing_to_wait_for(ledger: Ledger, file: Path) -> None:
    """The run goes straight on."""
    ledger.locks.acquire(SCOPE.tenant, JULY.start, SCOPE.run_key, 1800, datetime.now(UTC))
    arrive(file)

    ask(settings(file))

    holder = ledger.locks.holder(SCOPE.tenant, JULY.start)
    assert holder is not None and holder.owner == SCOPE.run_key


def test_a_source_with_nothing_to_wait_for_is_not_asked_anything(
    ledger: Ledger, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An API that only tells when it is read passes without a request: its address here leads nowhere."""
    monkeypatch.setenv(
        "AIRFLOW_CONN_ATRIA_DEFAULT", '{"conn_type": "atria", "host": "https://atria.invalid", "password": "x"}'
    )

    ask(IntegrationSettings("atria_to_connectwise", "atria", "connectwise"))

    assert told(ledger) == []


def test_a_ledger_that_cannot_be_written_is_tried_again(tmp_path: Path, file: Path, monkeypatch: Any) -> None:
    """What may pass by itself is left to Airflow's retries."""
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_LEDGER", f"sqlite:///{tmp_path}/no/such/folder/ledger.sqlite")

    with pytest.raises(AirflowException) as caught:
        ask(settings(file))

    assert not isinstance(caught.value, AirflowFailException)


def test_the_waits_of_the_settings_are_the_sensors(file: Path) -> None:
    """Five minutes and twelve hours unless somebody decides; a DAG may still say otherwise."""
    made = WaitForUsageSensor(task_id="a", settings=settings(file))
    other = WaitForUsageSensor(
        task_id="b",
        settings=settings(file, usage_poke=timedelta(minutes=1), usage_wait=timedelta(hours=2)),
        poke_interval=30,
    )

    assert (made.mode, made.poke_interval, made.timeout, made.template_fields) == ("reschedule", 300, 43200, ("run",))
    assert (other.poke_interval, other.timeout) == (30, 7200)
