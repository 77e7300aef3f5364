"""How a fault of the run reaches people: as a finding in the ledger, a class for the report, a task that fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from billing_providers.errors import (
    ArtifactError,
    BillingError,
    LedgerError,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    RequestError,
    SettingsError,
)
from billing_providers.model.findings import Finding, FindingVoice

if TYPE_CHECKING:
    from airflow.sdk.exceptions import AirflowException

_LOG = logging.getLogger(__name__)
_SETTINGS_NUMBERS = {10, 12, 13, 16, 20, 21}


def worth_a_retry(error: BillingError) -> bool:
    """Tell whether the same task may succeed when Airflow runs it again without a change by a person."""
    if isinstance(error, RequestError):
        return isinstance(error, NotSent | OutcomeUnknown | RateLimited)
    return isinstance(error, LedgerError | ArtifactError)


def finding_of_error(error: BillingError, voice: FindingVoice) -> Finding:
    """Return the finding under which a run-wide fault is reported, with its failure class in the subject."""
    number = error.finding_number
    if number is None:
        number = 13 if isinstance(error, SettingsError) else 2 if isinstance(error, RequestError) else 0
    if isinstance(error, SettingsError) and number not in _SETTINGS_NUMBERS:
        number = 13
    values: dict[str, Any] = {"error": str(error), "failure_class": error.failure_class.value}
    if isinstance(error, SettingsError):
        values |= {"connection": error.where, "field": error.key, "value": error.value, "allowed": error.allowed}
    return voice.finding(number or 144, **values)


@contextmanager
def faults_reported(ledger_conn_id: str, run_key: str, stage: str, voice: FindingVoice) -> Iterator[None]:
    """Record a run-wide fault in the ledger, then fail the task: at once, or with retries where they may help."""
    try:
        yield
    except BillingError as error:
        finding = finding_of_error(error, voice)
        raise task_failure(error, finding, ledger_conn_id=ledger_conn_id, run_key=run_key, stage=stage) from error


def task_failure(
    error: BillingError, finding: Finding, *, ledger_conn_id: str, run_key: str, stage: str
) -> AirflowException:
    """Log and record a fault; return what fails its task: at once, or with retries where they may help.

    A ledger that cannot be written hides nothing: the fault is logged before, and told with it.
    """
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    text = f"{finding.code}: {finding.message} {finding.resolution}"
    again = worth_a_retry(error)
    _LOG.error("%s", text)
    if not isinstance(error, LedgerError) and run_key:
        try:
            _record(ledger_conn_id, run_key, stage, finding)
        except BillingError as unrecorded:
            text, again = f"{text} This could not be recorded: {unrecorded}", True
    return AirflowException(text) if again else AirflowFailException(text)


def _record(ledger_conn_id: str, run_key: str, stage: str, finding: Finding) -> None:
    from billing_providers.ledger.connect import open_ledger

    ledger = open_ledger(ledger_conn_id)
    ledger.migrate()
    ledger.findings.replace(run_key, f"{stage}.fault", [finding])
