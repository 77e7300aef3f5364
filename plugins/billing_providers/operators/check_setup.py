"""The daily look ahead: connections, tables, ledger, and periods that were due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from billing_providers.operators.base import BillingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckSetupOperator(BillingOperator):
    """Fails, and mails, when a run would not work today or a period that was due is not billed.

    :param grace: how long after a run is due its period may still be open.
    """

    stage = "check_setup"
    template_fields: Sequence[str] = ()

    def __init__(self, *, grace: timedelta = timedelta(days=1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.grace = grace

    def work(self, context: Context) -> dict[str, Any]:
        """Try everything, tell."""
        from billing_providers.steps.check_setup import check_setup

        return check_setup(self, context, grace=self.grace)
