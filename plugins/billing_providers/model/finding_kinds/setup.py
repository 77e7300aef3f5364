"""Codes about what stands between an integration and its next run, found by looking ahead every day."""

from __future__ import annotations

from billing_providers.model.findings import FindingKind, Level, Scope

_WARNING, _ERROR = Level.WARNING, Level.ERROR
_RUN = Scope.RUN

SETUP: tuple[FindingKind, ...] = (
    FindingKind(
        192,
        "setup_broken",
        _ERROR,
        _RUN,
        "A run could not be made today: a connection, a file of settings or the ledger does not work",
        "{what} does not work: {error} The next period is billed on {due}.",
        "Correct it before that day, then trigger the watch again.",
    ),
    FindingKind(
        193,
        "period_open",
        _ERROR,
        _RUN,
        "A period that was due is not billed",
        "The period {period} was due on {due} and is not billed: {why}",
        "Clear the failed task or answer the review; unpause the DAG when it is paused, or trigger it with billing_period set to a day of the period.",
    ),
    FindingKind(
        194,
        "setup_ages",
        _WARNING,
        _RUN,
        "A connection works, and will need a person's hand",
        "Connection {connection}: {advice}",
        "Change the connection, then press Test; a dry run shows whether anything else changed.",
    ),
)
