"""One close under faults, and what became of it: by the PSA's own log, by the errors, by the findings."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from billing_providers.sandbox.core.faults import FaultKind
from tests.support.fault_matrix import STEPS, Bench, Row, changes_of, do, findings_of
from tests.support.fault_matrix_cases import LATE_S, Planned, drifting_line
from tests.support.fault_matrix_time import fast_time
from tests.support.pipeline import Pipeline

CASE_S_MAX = 300  # hangs are endless, and machines may be busy
LATER_S = 3600.0  # by then every list shows what was written, and no try is at work any more


@dataclass(slots=True)
class Seen:
    """What is seen after a try.

    :ivar errors: by failed step, without the report's own.
    :ivar rows: what the PSA applied so far.
    :ivar changes: of the diff, None without one.
    :ivar told: warnings and errors that the clean close does not have.
    """

    errors: dict[str, BaseException] = field(default_factory=dict)
    rows: Counter[Row] = field(default_factory=Counter)
    changes: dict[str, tuple[str, ...]] | None = None
    told: frozenset[tuple[str, str]] = frozenset()
    texts: tuple[str, ...] = ()
    lines: dict[str, Any] = field(default_factory=dict)
    result: str = ""


@dataclass(slots=True)
class Played:
    """The try under faults, and the one after they were gone."""

    first: Seen
    last: Seen
    hits: int
    tries: int  # until all was right: 1 the first, 2 cleared or run again, 3 both


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """End what hangs.

    :raises TimeoutError: after so many seconds.
    """

    def hung(*_: Any) -> None:
        raise TimeoutError(f"a close under faults did not end within {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, hung)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def play(bench: Bench, faults: Sequence[Planned]) -> Played:
    """Close under faults, take them away, clear what failed, and run the period again where that is not enough."""
    steps = sorted({fault.call.step for fault in faults}, key=STEPS.index)
    slow = any(fault.kind is FaultKind.SLOW for fault in faults)
    with within(CASE_S_MAX), bench.at(steps[0]) as run:
        with fast_time(impatient=slow):
            errors = _run(bench, run, STEPS[STEPS.index(steps[0]) :], faults)
            first = _seen(bench, run, errors)
        hits = sum(fault["hits"] for fault in bench.box.control.faults())
        bench.repair()
        if slow:
            time.sleep(LATE_S)  # what is late arrives before anybody clears a task
        last, tries = first, 1
        with fast_time(later_s=LATER_S):
            failed = [step for step in STEPS if step in errors]
            if failed:
                errors = _run(bench, run, STEPS[STEPS.index(failed[0]) :], ())
                last, tries = _seen(bench, run, errors), 2
            if not right(bench, last, drifted(bench, faults)):
                again = bench.run("again")
                errors = _run(bench, again, STEPS, ())
                last, tries = _seen(bench, again, errors), tries + 1
    return Played(first, last, hits, tries)


def right(bench: Bench, seen: Seen, hands: frozenset[str] = frozenset()) -> bool:
    """Whether the PSA applied exactly what the clean close applied, and holds what it holds then.

    :param hands: lines that somebody edited by hand meanwhile, which are left out.
    """
    wanted = of_others(bench.clean.rows, hands), held_of_others(bench.clean.lines, hands)
    return not seen.errors and (of_others(seen.rows, hands), held_of_others(seen.lines, hands)) == wanted


def drifted(bench: Bench, faults: Sequence[Planned]) -> frozenset[str]:
    """Return the lines that a hand edits meanwhile."""
    return frozenset(drifting_line(bench, fault) for fault in faults if fault.kind is FaultKind.DRIFT)


def of_others(rows: Counter[Row], lines: frozenset[str]) -> Counter[Row]:
    """Return what the PSA applied to all other lines."""
    return Counter({row: times for row, times in rows.items() if row[0] not in lines})


def held_of_others(held: dict[str, Any], lines: frozenset[str]) -> dict[str, Any]:
    """Return what all other lines hold."""
    return {line: had for line, had in held.items() if line not in lines}


def _run(bench: Bench, run: Pipeline, steps: Sequence[str], faults: Sequence[Planned]) -> dict[str, BaseException]:
    """Run steps as Airflow does: what needs a step that failed is left out; verify, items and report always run."""
    errors: dict[str, BaseException] = {}
    for step in steps:
        for fault in faults:
            if fault.call.step == step:
                fault.add_to(bench)
        if errors and STEPS.index(step) <= STEPS.index("push"):
            continue
        if run.diff is None and step in {"verify", "collect"}:
            continue
        try:
            do(run, step)
        except Exception as error:
            if step != "report":
                errors[step] = error
    return errors


def _seen(bench: Bench, run: Pipeline, errors: dict[str, BaseException]) -> Seen:
    record = run.ledger.runs.find(run.run_key)
    return Seen(
        errors=errors,
        rows=bench.rows(),
        changes=changes_of(run) if run.diff else None,
        told=findings_of(run) - bench.clean.findings,
        texts=tuple(f"{one.code} {one.message} {one.resolution}" for one in run.findings()),
        lines=bench.lines(),
        result=record.result.value if record and record.result else "",
    )
