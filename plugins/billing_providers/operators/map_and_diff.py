"""Maps charge lines to contract lines, compares them with the live PSA, and stores the contract diff."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

from billing_providers.operators.base import BillingOperator
from billing_providers.operators.page_links import FindingsLink, ReviewLink

if TYPE_CHECKING:
    from airflow.sdk import Context


class MapAndDiffOperator(BillingOperator):
    """Reads the PSA, never writes to it. Output: the diff's summary, with its digest and all small diffs inline.

    :param charges: output of the rules task.
    """

    stage = "map_and_diff"
    template_fields: Sequence[str] = ("run", "charges")
    operator_extra_links: Collection[BaseOperatorLink] = (ReviewLink(), FindingsLink())

    def __init__(self, *, charges: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.charges = charges

    def work(self, context: Context) -> dict[str, Any]:
        """Read, plan, store."""
        from billing_providers.steps.map_and_diff import map_and_diff

        return map_and_diff(self, self.charges)
