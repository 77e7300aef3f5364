"""Reads the usage of a period from its source into an immutable snapshot."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

from billing_providers.operators.base import BillingOperator
from billing_providers.operators.page_links import FindingsLink

if TYPE_CHECKING:
    from airflow.sdk import Context


class ExtractUsageOperator(BillingOperator):
    """Reads all customers, whatever the filter says: who shares an account, and which filter codes are wrong,
    only the whole picture tells. Output: snapshot id, digest, completeness, held customers."""

    stage = "extract_usage"
    operator_extra_links: Collection[BaseOperatorLink] = (FindingsLink(),)

    def work(self, context: Context) -> dict[str, Any]:
        """Read, check, store."""
        from billing_providers.steps.extract_usage import extract_usage

        return extract_usage(self)
