"""Codes about what is held back: guards, zeroing, lines edited by hand."""

from __future__ import annotations

from billing_providers.model.findings import FindingKind, Level, Scope

_WARNING = Level.WARNING
_RUN, _CUSTOMER, _LINE = Scope.RUN, Scope.CUSTOMER, Scope.LINE

GUARDS: tuple[FindingKind, ...] = (
    FindingKind(
        114,
        "guard_line_jump",
        _WARNING,
        _LINE,
        "A line would change by more than the allowed factor, or to zero",
        "{customer_name}: {service} would go from {before} to {after}; the limit is a factor of {limit}. Held for review.",
        "Look at the usage rows behind it, then approve or correct the source.",
    ),
    FindingKind(
        115,
        "guard_customer_share",
        _WARNING,
        _CUSTOMER,
        "A customer's amount would change by more than the allowed share",
        "{customer_name} would go from {before} to {after} ({share}); the limit is {limit}. All its changes are held for review.",
        "Look at the customer's changes, then approve or correct the source.",
    ),
    FindingKind(
        116,
        "guard_run_lines",
        _WARNING,
        _RUN,
        "The run would change more lines than allowed",
        "The run would change {count} lines; the limit is {limit}. All changes are held for review.",
        "Look through the change list, then approve, or raise the limit in the policy.",
    ),
    FindingKind(
        117,
        "guard_run_amount",
        _WARNING,
        _RUN,
        "The run would change the billed amount by more than allowed",
        "The run would change the billed amount by {amount}; the limit is {limit}. All changes are held for review.",
        "Look through the change list, then approve, or raise the limit in the policy.",
    ),
    FindingKind(
        118,
        "guard_record_count",
        _WARNING,
        _RUN,
        "The number of usage records is far from recent periods",
        "{source} reported {count} records; {counted_in} had {recent}. All changes are held for review.",
        "Check that the export is whole, then approve.",
    ),
    FindingKind(
        119,
        "too_many_zeroings",
        _WARNING,
        _RUN,
        "More lines would be set to zero than allowed",
        "{count} lines would be set to zero; the limit is {limit}. None is; all other changes go on.",
        "Check that the usage is whole; raise zeroing_limit in the policy if the removals are wanted.",
    ),
    FindingKind(
        132,
        "zeroing_withheld",
        _WARNING,
        _CUSTOMER,
        "Lines of a customer are not set to zero",
        "{customer_name}: {count} managed lines without usage are not set to zero: {why}",
        "Repair the named cause, then run again.",
    ),
    FindingKind(
        133,
        "managed_line_gone",
        _WARNING,
        _LINE,
        "A managed line is no longer on the contract",
        "{customer_name}: managed line {line} of {service} is no longer open on contract {contract}.",
        "Check who ended it. It is no longer zeroed.",
    ),
    FindingKind(
        135,
        "edited_by_hand",
        _WARNING,
        _LINE,
        "A managed line was edited in the PSA since the last run",
        "{customer_name}: {service} was set to {last} by the last run and is {before} now; the diff sets it to {after}.",
        "Check who edited it. If the edit is right, correct the usage or ignore the line.",
    ),
    FindingKind(
        141,
        "held",
        _WARNING,
        _RUN,
        "Changes wait for a person",
        "{count} changes are held by {guards} and were not written.",
        "Approve them in the review task, or correct the source.",
    ),
)
