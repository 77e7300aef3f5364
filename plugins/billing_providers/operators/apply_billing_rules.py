"""Applies the billing rules to a snapshot: usage records become charge lines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

from billing_providers.operators.base import BillingOperator
from billing_providers.operators.page_links import FindingsLink

if TYPE_CHECKING:
    from airflow.sdk import Context


class ApplyBillingRulesOperator(BillingOperator):
    """Output: charge set id, counts, and what each rule did.

    :param usage: output of the extract task.
    """

    stage = "apply_billing_rules"
    template_fields: Sequence[str] = ("run", "usage")
    operator_extra_links: Collection[BaseOperatorLink] = (FindingsLink(),)

    def __init__(self, *, usage: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.usage = usage

    def work(self, context: Context) -> dict[str, Any]:
        """Load, apply, store."""
        from billing_providers.steps.apply_billing_rules import apply_billing_rules

        return apply_billing_rules(self, self.usage)
