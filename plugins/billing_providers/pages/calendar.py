"""The closes to come, by the calendar of the DAG as Airflow holds it, not by a copy of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from billing_providers.model.periods import BillingPeriod

AHEAD = 13  # the next one and the twelve after it


@dataclass(frozen=True, slots=True)
class ComingClose:
    """One run to come: when it starts, in the calendar's zone, and for which period."""

    starts_at: datetime
    period: BillingPeriod


def coming_closes(dag_id: str, ahead: int = AHEAD) -> list[ComingClose]:
    """Return the next scheduled runs of a DAG, the earliest first; none for a DAG without a billing calendar.

    A paused DAG has them too: they are what its calendar says.
    """
    from airflow.models.serialized_dag import SerializedDagModel

    entry = SerializedDagModel.get(dag_id)
    timetable: Any = entry.dag.timetable if entry is not None else None
    if not hasattr(timetable, "next_runs"):
        return []
    return [ComingClose(start, period) for start, period in timetable.next_runs(ahead, datetime.now(UTC))]
