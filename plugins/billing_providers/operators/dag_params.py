"""The DAG params of every integration, shown as a form when a run is triggered by hand."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import Param

TEXT = "^[^\\u0000]*$"  # no ledger holds a NUL character


def run_params(*, billing_period: str = "", customers: Sequence[str] = ()) -> dict[str, Param]:
    """Return the params: billing_period, customers, dry_run, failed_only.

    :param billing_period: default of that param, ``customers``: default of that one; they hold for scheduled runs too.
    """
    return {
        "billing_period": Param(
            billing_period,
            type="string",
            title="Billing period",
            pattern=r"^\s*(|[Pp]revious|[Cc]urrent|[0-9]{4}-[0-9]{2}-[0-9]{2})\s*$",
            description_md="`Previous`, `Current`, or a date `YYYY-MM-DD` inside the wanted period. "
            "Empty: the run's own data interval; a run without one takes the last closed period.",
        ),
        "customers": Param(
            list(customers),
            type="array",
            items={"type": "string", "pattern": TEXT},
            title="Customers",
            description_md="Customer codes of the source, one a line. Empty: all. Customers left out are not touched, "
            "not even to set lines to zero.",
        ),
        "dry_run": Param(
            False, type="boolean", title="Dry run", description_md="Plan and report; write nothing to the PSA."
        ),
        "failed_only": Param(
            False,
            type="boolean",
            title="Failed lines only",
            description_md="Plan again, but push only lines that failed or went stale in this period.",
        ),
    }
