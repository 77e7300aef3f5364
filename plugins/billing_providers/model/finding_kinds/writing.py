"""Codes about writing: stale lines, lost answers, locks, reviews, dry runs, undoing."""

from __future__ import annotations

from billing_providers.model.findings import FindingKind, Level, Scope

_INFO, _WARNING, _ERROR = Level.INFO, Level.WARNING, Level.ERROR
_RUN, _LINE = Scope.RUN, Scope.LINE

WRITING: tuple[FindingKind, ...] = (
    FindingKind(
        120,
        "stale_line",
        _WARNING,
        _LINE,
        "The live line is not what the reviewed diff says",
        "{customer_name}: {service} was {before} when the diff was made and is {observed} now. It was left alone; the diff wanted {after}.",
        "Find out who changed the line, then run with failed_only.",
    ),
    FindingKind(
        121,
        "outcome_unknown",
        _ERROR,
        _LINE,
        "Nobody knows whether a write was applied",
        "{customer_name}: the answer to the write of {service} was lost ({error}) and the line could not be read back.",
        "Clear the push task when {psa} answers again; it reads the line before doing anything.",
    ),
    FindingKind(
        122,
        "readback_mismatch",
        _ERROR,
        _LINE,
        "The line read back is not what was written",
        "{customer_name}: {service} was set to {after}, and {psa} shows {observed}.",
        "Check the line in {psa}; somebody else or another integration may own it.",
    ),
    FindingKind(
        123,
        "plan_only",
        _WARNING,
        _RUN,
        "This tenant offers no call that changes a line",
        "{psa} offers no call that changes a contract line here ({strategy}): {count} changes are listed for a person. Nothing was written.",
        "Key in the change list by hand, or configure line_api in the connection.",
    ),
    FindingKind(
        134,
        "dry_run",
        _INFO,
        _RUN,
        "This was a dry run",
        "Dry run: {count} changes were planned and none was written.",
        "Run again without dry_run to write them.",
    ),
    FindingKind(
        138,
        "lock_taken_over",
        _WARNING,
        _RUN,
        "An expired lock was taken over",
        "The lock of run {owner} on {tenant} had expired at {expired} and was taken over.",
        "Check that the other run is over; it cannot write any more.",
    ),
    FindingKind(
        139,
        "review_refused",
        _WARNING,
        _RUN,
        "A person rejected the diff, or nobody answered in time",
        "The diff {digest} was not approved ({decision}). Nothing was written.",
        "Correct what was wrong and run again.",
    ),
    FindingKind(
        142,
        "line_added",
        _INFO,
        _LINE,
        "A line was added to a contract",
        "{customer_name}: a line for {service} with quantity {after} was added to contract {contract_name}",
        "Nothing to do.",
    ),
    FindingKind(
        144,
        "run_stopped",
        _ERROR,
        _RUN,
        "The run was stopped before it wrote anything more",
        "The run was stopped: {error}",
        "Follow the text of the error, then clear the failed task.",
    ),
    FindingKind(
        195,
        "result_list_not_written",
        _WARNING,
        _RUN,
        "The list of results could not be written",
        "What was pushed is read back and registered, but its list could not be written: {why}.",
        "Correct the artifact folder, then clear the task verify_contract_lines: it reads again and changes nothing in {psa}.",
    ),
    FindingKind(
        203,
        "not_undone",
        _WARNING,
        _LINE,
        "A change of a run cannot be undone",
        "{customer_name}: {service} on contract {contract_name} is not restored: {why}.",
        "Look at the line in {psa} and correct it by hand where it is wrong.",
    ),
    FindingKind(
        204,
        "undone_from_another_day",
        _WARNING,
        _LINE,
        "A change is undone from a later day than its own",
        "{customer_name}: {service} on contract {contract_name} goes back from {after} to {before} on {start} only, since {why}; from {day} until then {after} stay billed.",
        "Correct the days in between in {psa} by hand, or on the invoice.",
    ),
)
