"""The laws by which a close under faults is judged; each complaint is a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from billing_providers.errors import BillingError
from billing_providers.sandbox.core.faults import FaultKind
from tests.support.fault_matrix import Bench
from tests.support.fault_matrix_cases import PSAS, Planned
from tests.support.fault_matrix_verdict import Played, Seen, drifted, held_of_others, of_others

#: What no client can notice, and why; see docs/http-faults.md. Whatever else comes out differently is a defect.
UNSEEN: dict[tuple[str, str, FaultKind], str] = {
    ("msp360", "PUT /api/Billing/Details", FaultKind.SHORT_PAGE): "a computer that stores nothing adds to no total",
    ("sherweb", "GET /distributor/v1/billing/payable-charges", FaultKind.SHORT_PAGE): "no total is stated",
}
LIES = frozenset({FaultKind.READBACK_LIE, FaultKind.DRIFT})


def complaints(bench: Bench, faults: Sequence[Planned], played: Played) -> list[str]:
    """Return every law that a close under faults broke; none is as it must be."""
    return [*_first(bench, faults, played), *_last(bench, faults, played)]


def unseen(faults: Sequence[Planned]) -> bool:
    """Whether one of the faults is such that nobody can notice it: a source's word on a number is all there is."""
    lied = any(fault.kind is FaultKind.READBACK_LIE and fault.call.system not in PSAS for fault in faults)
    return lied or any((fault.call.system, fault.call.endpoint, fault.kind) in UNSEEN for fault in faults)


def _first(bench: Bench, faults: Sequence[Planned], played: Played) -> Iterator[str]:
    first, hands = played.first, drifted(bench, faults)
    clean, rows = of_others(bench.clean.rows, hands), of_others(first.rows, hands)
    if not played.hits:
        yield "no request met the fault"
    yield from _untyped(first)
    if unseen(faults):
        planned = {name.partition("/")[0] for name in first.changes or {}}
        if unplanned := {row[0] for row in rows} - planned:
            yield f"written, but in no reviewed diff: lines {unplanned}"
        return
    if wrong := rows - clean:
        yield f"written, but not by the clean close: {dict(wrong)}"
    if rows != clean and not (first.errors or first.told or set(LIES) & {fault.kind for fault in faults}):
        yield f"not everything is written, and nobody is told: {len(list((clean - rows).elements()))} values miss"
    for name, said in (first.changes or {}).items():
        if name.partition("/")[0] not in hands and said != bench.clean.changes.get(name):
            wanted = bench.clean.changes.get(name)
            if wanted is None or said[1:] != wanted[1:] or not set(LIES) & {fault.kind for fault in faults}:
                yield f"planned {name} {said}, the clean close {wanted}"


def _units(lines: dict[str, Any]) -> dict[str, str]:
    return {line: held["units"] for line, held in lines.items()}


def _untyped(seen: Seen) -> Iterator[str]:
    from airflow.sdk.exceptions import AirflowException

    for step, error in seen.errors.items():
        text = str(error)
        if step == "wait":  # it asks again later; why it waits is a finding
            text = next((told for told in seen.texts if "waited for" in told), text)
        if not isinstance(error, AirflowException):
            yield f"{step} ended with {type(error).__name__}, which is no error of ours: {text}"
        elif not isinstance(error.__cause__, BillingError | None):
            yield f"{step} ended because of {type(error.__cause__).__name__}: {text}"
        elif len(text) < 60 or not re.search(r"://|line \S+ of contract \S+|diff [0-9a-f]+", text):
            yield f"{step} does not say what, where and what to do: {text}"


def _last(bench: Bench, faults: Sequence[Planned], played: Played) -> Iterator[str]:
    last, hands = played.last, drifted(bench, faults)
    if last.errors:
        yield f"fails with the faults gone: { {step: str(error) for step, error in last.errors.items()} }"
    if unseen(faults):
        if (
            _units(last.lines) != _units(bench.clean.lines) and bench.psa != "autotask"
        ):  # lower only from a later day on
            yield "the next run, without the fault, does not set the lines right"
        return
    wanted, held = held_of_others(bench.clean.lines, hands), held_of_others(last.lines, hands)
    if held != wanted:
        wrong = {line: (had, wanted[line]) for line, had in held.items() if had != wanted[line]}
        yield f"with the faults gone lines hold (what, instead of what): {wrong}"
    intended, written = of_others(bench.clean.rows, hands), of_others(last.rows, hands)
    if written != intended:
        doubled, lost = dict(written - intended), dict(intended - written)
        yield f"with the faults gone too much is written: {doubled}; too little: {lost}"
    kinds = {fault.kind for fault in faults}
    if len(faults) == 1 and played.first.errors and played.tries > 2 and not kinds & LIES:
        yield "clearing what failed is not enough"
