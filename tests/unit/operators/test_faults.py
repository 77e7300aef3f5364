"""How a fault of a run fails its task, also where the ledger cannot be told."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from billing_providers.errors import BillingError, LedgerError, SettingsError, Unreachable
from billing_providers.ledger.connect import open_ledger
from billing_providers.model.findings import FindingVoice
from billing_providers.operators.faults import faults_reported
from tests.support.chosen_ledger import chosen_ledger
from tests.support.ledger_rows import all_rows, connected

WRONG = SettingsError("unknown key", where="rules.yaml, line 3", key="flor")


@pytest.fixture
def ledger_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = chosen_ledger(tmp_path)
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_LEDGER", url)
    return url


def failed(error: BillingError) -> AirflowException:
    with pytest.raises(AirflowException) as caught, faults_reported("billing_ledger", "d/r", "diff", FindingVoice()):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


def test_a_fault_is_logged_recorded_and_fails_the_task(ledger_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads the task's log or the ledger finds the same words; what needs a person is not tried again."""
    caplog.set_level(logging.ERROR)

    stopped = failed(WRONG)

    assert type(stopped) is AirflowFailException
    assert str(stopped) in caplog.text
    ((stage, finding),) = open_ledger("billing_ledger").findings.of_run("d/r")
    assert (stage, finding.code) == ("diff.fault", "KS13")
    assert "rules.yaml, line 3: flor: unknown key" in finding.message


@pytest.mark.parametrize("error", [WRONG, Unreachable("connection refused")])
def test_a_ledger_that_cannot_be_written_does_not_hide_the_fault(
    ledger_url: str, caplog: pytest.LogCaptureFixture, error: BillingError
) -> None:
    """The fault comes first, the ledger's own after it; the task is tried again, which may record it."""
    caplog.set_level(logging.ERROR)
    with open_ledger("billing_ledger") as ledger:
        ledger.migrate()
    with connected(ledger_url) as database:
        database.exec_driver_sql("DROP TABLE billing_findings")

    stopped = failed(error)

    assert type(stopped) is AirflowException
    assert str(error) in caplog.text
    first, _, then = str(stopped).partition(" This could not be recorded: ")
    assert str(error) in first
    assert "billing_findings" in then


def test_a_fault_of_the_ledger_itself_is_not_recorded_in_it(ledger_url: str) -> None:
    """It would fail for the same reason."""
    stopped = failed(LedgerError("disk full"))

    assert type(stopped) is AirflowException
    assert str(stopped).startswith("KS144: The run was stopped: disk full")
    assert all_rows(ledger_url) == {}
