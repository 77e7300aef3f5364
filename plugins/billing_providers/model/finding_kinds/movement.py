"""Codes about when usage moves: what waits for another run, and lines that change too often."""

from __future__ import annotations

from billing_providers.model.findings import FindingKind, Level, Scope

_INFO, _WARNING = Level.INFO, Level.WARNING
_RUN, _LINE = Scope.RUN, Scope.LINE

MOVEMENT: tuple[FindingKind, ...] = (
    FindingKind(
        210,
        "does_not_move_now",
        _INFO,
        _RUN,
        "Usage does not move in this run, as the movement table says",
        "{count} charge lines of {customers} customers do not move in this run ({where}): {skus}.",
        "Nothing, if that is wanted. Usage of the kind billing_date moves at the close of its period.",
    ),
    FindingKind(
        211,
        "line_moves_in_part",
        _WARNING,
        _LINE,
        "A line is fed by usage that moves in this run and by usage that does not",
        "{customer_name}: {service} on contract {contract} is left alone; {sku} moves in this run and {still} does not ({where}).",
        "Give the SKUs of one line the same kind in the movement table, or lines of their own. The close sets the line.",
    ),
    FindingKind(
        212,
        "too_young",
        _INFO,
        _RUN,
        "Changes are younger than the debounce",
        "{count} changes are left for the next run, since {source} has not shown them for {minutes} minutes: {changes}.",
        "Nothing. A change is written once it has stood for the time that debounce says.",
    ),
    FindingKind(
        213,
        "guard_flapping",
        _WARNING,
        _LINE,
        "A line was changed too often in one period",
        "{customer_name}: {service} was changed in {count} runs of the period; the limit is {limit}. Held for review.",
        "Look at what changes it in {source}, then approve; a run of the integration for the current period asks.",
    ),
    FindingKind(
        214,
        "line_has_moved_on",
        _WARNING,
        _LINE,
        "A run of a later period has set the line already, and this period's figure differs from what it held",
        "{customer_name}: {service} should hold {after} for {period} and held {held} at its end; it is left alone, since it moves with the period from {later} by now.",
        "Correct the invoice of the period by hand where the difference matters.",
    ),
)
