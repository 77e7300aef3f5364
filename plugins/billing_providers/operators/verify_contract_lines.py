"""Reads back what was pushed, and registers the lines that are managed from now on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

from billing_providers.operators.base import BillingOperator
from billing_providers.operators.page_links import LinesLink

if TYPE_CHECKING:
    from airflow.sdk import Context


class VerifyContractLinesOperator(BillingOperator):
    """Runs after push whether it succeeded or not (``trigger_rule="all_done"``); without a decision it is skipped.

    :param diff: output of the map-and-diff task.
    """

    stage = "verify_contract_lines"
    template_fields: Sequence[str] = ("run", "diff")
    operator_extra_links: Collection[BaseOperatorLink] = (LinesLink(),)

    def __init__(self, *, diff: Any, **kwargs: Any) -> None:
        kwargs.setdefault("trigger_rule", "all_done")
        super().__init__(**kwargs)
        self.diff = diff

    def work(self, context: Context) -> dict[str, Any]:
        """Read back, journal, register."""
        from billing_providers.steps.verify_contract_lines import verify_contract_lines

        return verify_contract_lines(self, self.diff)
