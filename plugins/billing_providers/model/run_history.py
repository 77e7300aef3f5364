"""Runs as people look back at them, and each change of one with where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from billing_providers.model.changes import LineChange
from billing_providers.model.journal import DONE, JournalState
from billing_providers.model.runs import RunRecord

#: What stands for the result of a run that has none yet.
AT_WORK = "at work"
#: What stands for the state of a change that no run began to send.
NOT_SENT = "not sent"


class RunKind(StrEnum):
    """Which runs are shown. REAL: what closes a period."""

    ALL = ""
    REAL = "real"
    DRY = "dry"
    UNDO = "undo"
    IN_PERIOD = "in period"


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are shown. Empty texts leave everything in.

    :param day: a day of the period; None: every period.
    :param result: a result, or :data:`AT_WORK`.
    :param words: what a run's texts or one of its customers hold, whatever the case.
    """

    day: date | None = None
    result: str = ""
    kind: RunKind = RunKind.ALL
    words: str = ""
    run_key: str = ""


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run with how often it was tried, and the latest decision of it about its diff (empty: none)."""

    record: RunRecord
    attempts: int
    decision: str
    decided_by: str

    @property
    def dag_id(self) -> str:
        """The DAG of the run: that of the integration, or one beside it that undoes or carries changes."""
        return self.record.run_key.partition("/")[0]

    @property
    def run_id(self) -> str:
        """Airflow's name of the run."""
        return self.record.run_key.partition("/")[2]


@dataclass(frozen=True, slots=True)
class PushedChange:
    """A line change of a diff and its last journal entry.

    :param line_id: of the line, also when the change added it; empty: none is known.
    :param state: None: nothing was begun.
    :param written_by: key of the run whose entry it is; runs with the same diff take each other's place.
    :param tries: how often it left.
    """

    change: LineChange
    line_id: str
    state: JournalState | None
    written_by: str
    written_at: datetime | None
    observed: Decimal | None
    detail: str
    request_id: str
    tries: int

    @property
    def word(self) -> str:
        """Where it stands, in one word."""
        return NOT_SENT if self.state is None else self.state.value

    @property
    def stands(self) -> bool:
        """Whether the PSA was seen to have taken it."""
        return self.state in DONE
