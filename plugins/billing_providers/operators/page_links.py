"""The buttons on a task that lead to the pages: what it found, what would change, what the run came to.

Airflow stores a task's links when the task ends, well or not. They are stored when it begins as well: a task that is
at work, or whose worker was killed, leads to the pages too.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, BaseOperatorLink

from billing_providers.page_addresses import PageAddresses

if TYPE_CHECKING:
    from airflow.sdk import Context

_LOG = logging.getLogger(__name__)


class PageLink(BaseOperatorLink):
    """A link of a task to a page about its run."""

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the address, for Airflow: a key of a task, or the task at work."""
        return self.address(f"{ti_key.dag_id}/{ti_key.run_id}")

    @abstractmethod
    def address(self, run_key: str) -> str:
        """Return the address for a run."""


class FindingsLink(PageLink):
    """To what the run found, and what to do about it."""

    name = "Findings"

    def address(self, run_key: str) -> str:
        """Return the address for a run."""
        return PageAddresses.in_airflow().findings(run_key)


class ReviewLink(PageLink):
    """To what the run would change; where it made no diff, the page leads on to its findings."""

    name = "Review"

    def address(self, run_key: str) -> str:
        """Return the address for a run."""
        return PageAddresses.in_airflow().review(run_key)


class LinesLink(PageLink):
    """To what the run wrote, line by line."""

    name = "Lines of the run"

    def address(self, run_key: str) -> str:
        """Return the address for a run."""
        return PageAddresses.in_airflow().run(run_key, "lines")


class RunLink(PageLink):
    """To what the run came to. It shows findings of runs that bill nothing or have no period yet, too."""

    name = "Billing run"

    def address(self, run_key: str) -> str:
        """Return the address for a run."""
        return PageAddresses.in_airflow().run(run_key)


class CloseLink(BaseOperatorLink):
    """To where the integration stands that a task of another DAG waits for."""

    name = "Close"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address, for Airflow."""
        return PageAddresses.in_airflow().close(operator.settings.integration)


def store_links(operator: BaseOperator, context: Context, run_key: str) -> None:
    """Store the links of a task that begins. A task works without them, so that no trouble here ends it."""
    for link in operator.operator_extra_links:
        if isinstance(link, PageLink):
            try:
                context["ti"].xcom_push(key=link.xcom_key, value=link.address(run_key))
            except Exception:
                _LOG.warning("the link %r of the task could not be stored", link.name, exc_info=True)
