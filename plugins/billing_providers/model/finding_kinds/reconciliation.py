"""Codes about what the source charged against what is billed: conservation of costs, and the reconciliation report."""

from __future__ import annotations

from billing_providers.model.findings import FindingKind, Level, Scope

_INFO, _WARNING, _ERROR = Level.INFO, Level.WARNING, Level.ERROR
_RUN, _CUSTOMER = Scope.RUN, Scope.CUSTOMER

RECONCILIATION: tuple[FindingKind, ...] = (
    FindingKind(
        205,
        "cost_not_conserved",
        _ERROR,
        _CUSTOMER,
        "What the source charged is not all there after the billing rules",
        "{customer_name}: {source} charged {charged} {currency}, and {accounted} of it is in charge lines or was left out for a reason; {missing} is not accounted for. {why} Nothing is written or set to zero for this customer.",
        "Give the named charges lines of their own by a rule (set item_id from another field, e.g. the currency), or correct the charges in {source}.",
    ),
    FindingKind(
        206,
        "costs_on_purpose",
        _INFO,
        _RUN,
        "A billing rule changed costs on purpose",
        "Billing rule '{rule}' {what} {amount} {currency} of what {source} charged ({count} rows, {customers} customers).",
        "Nothing to do when it is meant so.",
    ),
    FindingKind(
        207,
        "reconciliation_differs",
        _ERROR,
        _CUSTOMER,
        "The rows of the reconciliation report do not sum to what the source charged",
        "{customer_name}: the rows of the reconciliation report sum to {reported} {currency}, and {source} charged {charged}.",
        "Do not trust the report of this run; please report this with the usage rows of the customer.",
    ),
    FindingKind(
        208,
        "reconciliation_not_made",
        _WARNING,
        _RUN,
        "The reconciliation report could not be made",
        "The reconciliation report could not be made: {why}",
        "Correct the cause, then clear the task report_run: it reads the ledger again and changes nothing in {psa}.",
    ),
    FindingKind(
        209,
        "unexplained_difference",
        _WARNING,
        _CUSTOMER,
        "What is billed differs from what was charged, and no known cause fits",
        "{customer_name}: {count} rows of the reconciliation report differ without a known cause: {skus}",
        "Compare the named lines in {psa} with the charges of {source}.",
    ),
)
