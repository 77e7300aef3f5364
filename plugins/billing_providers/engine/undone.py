"""Which runs of an integration are undone, by the history. Where an undo is undone itself, its run stands again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from billing_providers.model.runs import RunRecord

_RESTORED = frozenset({"push_confirmed", "push_verified"})


def undos_of(runs: Iterable[RunRecord], period_start: date) -> list[str]:
    """Return the keys of the runs that undid something of a period, whether that stands or not."""
    return [run.run_key for run in runs if run.period_start == period_start and _has_undone(run)]


def undone_runs(runs: Iterable[RunRecord]) -> dict[str, str]:
    """Return the keys of the runs that are undone, wholly or in part, each with the run that undid it."""
    undoing: dict[str, list[str]] = {}
    for run in runs:
        if _has_undone(run):
            undoing.setdefault(run.undoes, []).append(run.run_key)
    found = ((key, _undone_by(key, undoing)) for key in undoing)
    return {key: by for key, by in found if by}


def _has_undone(run: RunRecord) -> bool:
    return bool(run.undoes) and not run.dry_run and any(count for name, count in run.counts if name in _RESTORED)


def _undone_by(key: str, undoing: Mapping[str, Sequence[str]]) -> str:
    """Return the undo of a run that still stands, the last of several; empty: none does."""
    return next((by for by in reversed(undoing.get(key, ())) if not _undone_by(by, undoing)), "")
