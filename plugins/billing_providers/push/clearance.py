"""Whether a diff may be pushed now, and which of its changes. Fails closed."""

from __future__ import annotations

from collections.abc import Callable

from billing_providers.errors import PushRefused
from billing_providers.model.changes import ContractDiff, LineChange
from billing_providers.model.runs import Approval, RunScope


def cleared_changes(
    diff: ContractDiff,
    approval: Approval | None,
    scope: RunScope,
    *,
    digest_holds: Callable[[ContractDiff], bool],
) -> tuple[LineChange, ...]:
    """Return the changes that may be written: all when a person approved, else those that no guard holds.

    :raises PushRefused: for a dry run, a diff of another tenant, integration or period, a diff whose digest
        does not fit its content, and a missing, rejected or foreign approval.
    """
    if scope.dry_run:
        raise PushRefused("this is a dry run; push may not be called. Run again without dry_run")
    if (diff.tenant, diff.integration) != (scope.tenant, scope.integration):
        raise PushRefused(
            f"the diff is for {diff.integration} on {diff.tenant}, this run for {scope.integration} on {scope.tenant}"
        )
    if (diff.period_start, diff.period_end) != (scope.period.start, scope.period.end):
        raise PushRefused(f"the diff is for the period from {diff.period_start}, this run for {scope.period}")
    if not digest_holds(diff):
        raise PushRefused(f"the content of diff {diff.digest} does not fit its digest; plan again")
    if approval is None or approval.digest != diff.digest or approval.run_key != scope.run_key:
        raise PushRefused(
            f"diff {diff.digest[:12]} has no decision from the review of this run; "
            "clear the review task so that it asks again"
        )
    if approval.decision == "approved":
        return diff.changes
    if approval.decision == "not_needed":
        return diff.pushable
    raise PushRefused(f"diff {diff.digest[:12]} was {approval.decision} by {approval.decided_by}; nothing is written")
