"""Codes of the daily watch: what stands between an integration and its next run, and what was changed by hand."""

from __future__ import annotations

from billing_providers.model.findings import FindingKind, Level, Scope

_INFO, _WARNING, _ERROR = Level.INFO, Level.WARNING, Level.ERROR
_RUN, _LINE = Scope.RUN, Scope.LINE

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
        228,
        "readings_not_thinned",
        _WARNING,
        _RUN,
        "Old readings could not be thinned",
        "Readings of closed periods were to be thinned (keep_readings_days), which failed: {error}",
        "Nothing is lost, and runs go on; the watch tries again tomorrow. Try python -m billing_providers.ledger retain.",
    ),
    FindingKind(
        199,
        "settings_changed",
        _INFO,
        _RUN,
        "The settings are not those of the run before",
        "Since run {run} ({at}) settings were changed; this run was started by {who}. {changes}",
        "Nothing, if they were changed on purpose; a dry run shows what they do.",
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
    FindingKind(
        200,
        "line_drifted",
        _WARNING,
        _LINE,
        "A managed line was changed by hand since it was last set or confirmed",
        "{customer_name}: {service} on contract {contract_name} was changed in {psa}: {what}. {setter}{editor}",
        "Ask who changed it, and why. If the change is right, correct the usage, its mapping or its line terms, or ignore the SKU: the next run sets the line again.",
    ),
    FindingKind(
        201,
        "line_gone",
        _WARNING,
        _LINE,
        "A managed line was taken away or ended by hand",
        "{customer_name}: {service} on contract {contract_name} {what}. {setter}{editor}",
        "Ask who ended it, and why. What is used from now on reaches no line: open a line in {psa}, or ignore the SKU.",
    ),
    FindingKind(
        202,
        "line_of_two",
        _WARNING,
        _LINE,
        "Another integration set a managed line",
        "{customer_name}: {service} on contract {contract_name} holds {observed}. {setter} This integration had set {after} before.",
        "Give each integration products of its own: two that reach one line each set it to their own sum.",
    ),
)
