"""Closes the last periods of integrations in their order, each by a run in Airflow, so that the pages show a history.

Runs of earlier periods are triggered while the DAG is still paused, dated to the days on which those periods were to
be closed: Airflow takes waiting runs by their date, so the oldest goes first, and the scheduled run of the period that
closed last comes behind them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.error import HTTPError

from scripts.airflow_api import ENDED, AirflowApi

REVIEW = "review_diff"
#: No period is longer, and no two are shorter together.
LONGEST = timedelta(days=31)
#: Every shipped DAG closes a period within so many days of its end.
CLOSES_AFTER = timedelta(days=7)


@dataclass
class ClosedPeriods:
    """Runs that close periods, from their start to their end.

    :param left_open: DAGs whose last period is left to a person: its review is not answered.
    :param tell: is told each run as it ends, or is left to a person.
    :param check: raises when the Airflow has died.
    """

    api: AirflowApi
    left_open: Collection[str] = ()
    tell: Callable[[str], None] = print
    check: Callable[[], None] = lambda: None
    runs: dict[tuple[str, str], str] = field(default_factory=dict)  # DAG and run id to state, once known

    def start(self, dag_id: str, periods: int) -> None:
        """Ask for runs of the last periods of a DAG that has never run: the last by schedule, those before by hand."""
        last = datetime.fromisoformat(self.api.next_period_start(dag_id))
        for back in reversed(range(1, periods)):
            day = last + CLOSES_AFTER - LONGEST * (back - 1)
            self.api.trigger(dag_id, run_after=day.isoformat(), billing_period=f"{_day_of(last, back):%Y-%m-%d}")
        self.api.unpause(dag_id)

    def finish(self, wanted: Mapping[str, int], *, wait_s: float = 1200, every_s: float = 1) -> None:
        """Wait until so many runs of each DAG have ended, or are left to a person; approve what the others ask.

        :raises TimeoutError: names the runs that were still at work.
        """
        deadline = time.monotonic() + wait_s
        while not all(self._ended(dag_id) >= count for dag_id, count in wanted.items()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not all periods were closed within {wait_s:.0f} s: {self.runs}")
            self.check()
            for dag_id in wanted:
                for run in self.api.runs(dag_id):
                    self._look_at(dag_id, run)
            time.sleep(every_s)

    def _ended(self, dag_id: str) -> int:
        return sum(1 for (of_dag, _), state in self.runs.items() if of_dag == dag_id and state)

    def _look_at(self, dag_id: str, run: Mapping[str, Any]) -> None:
        key = (dag_id, str(run["dag_run_id"]))
        if self.runs.get(key):
            return
        self.runs[key] = run["state"] if run["state"] in ENDED else ""
        if not self.runs[key] and self.api.tasks(*key).get(REVIEW) == "awaiting_input":
            if dag_id in self.left_open and run["run_type"] == "scheduled":
                self.runs[key] = "left to you: its review waits"
            else:
                with suppress(HTTPError):  # answered already, and on its way
                    self.api.answer_review(*key, REVIEW, "Approve")
        if self.runs[key]:
            self.tell(f"  {dag_id:28} {key[1]:38} {self.runs[key]}")


def _day_of(last: datetime, back: int) -> datetime:
    """Return a day of the period that lies so many periods before one that starts at ``last``."""
    return last - timedelta(days=1) - LONGEST * (back - 1)
