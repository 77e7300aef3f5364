"""Pushes the approved changes to the PSA through the journal. The only operator that writes to a PSA."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

from billing_providers.operators.base import BillingOperator
from billing_providers.operators.page_links import LinesLink

if TYPE_CHECKING:
    from airflow.sdk import Context


class PushContractLinesOperator(BillingOperator):
    """Clearing and running it again is safe: done changes are skipped, doubtful ones are read before anything else.

    :param diff: output of the map-and-diff task.
    """

    stage = "push_contract_lines"
    template_fields: Sequence[str] = ("run", "diff")
    operator_extra_links: Collection[BaseOperatorLink] = (LinesLink(),)

    def __init__(self, *, diff: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.diff = diff

    def work(self, context: Context) -> dict[str, Any]:
        """Check the clearance, push, and fail when a change failed or is unknown, so that a rerun takes it up."""
        from billing_providers.steps.push_contract_lines import push_contract_lines

        return push_contract_lines(self, self.diff)
