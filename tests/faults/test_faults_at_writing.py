"""Every kind of fault at the writes of a push, and hands and lies at the worst moments, in whole closes."""

from __future__ import annotations

import pytest

from billing_providers.sandbox.core.faults import FaultKind
from tests.support.fault_matrix_cases import (
    CLASSES,
    PSAS,
    Planned,
    integration_of,
    integrations_to_try,
    kinds_at,
    singles,
)

every_psa = pytest.mark.parametrize("psa", PSAS)


@pytest.mark.parametrize("kind", kinds_at("write"))
@pytest.mark.parametrize("integration", integrations_to_try())
def test_a_write_lands_once_whatever_becomes_of_its_answer(integration: str, kind: FaultKind, bench_of, played):
    """Nothing is billed twice or lost: after clearing, the PSA's own log equals the reviewed diff."""
    bench = bench_of(integration)
    for fault in singles(bench, "write", kind):
        played(bench, [fault])


@every_psa
def test_a_line_that_a_hand_edits_between_review_and_write_is_stale(psa: str, bench_of, played):
    """A line that is not what the diff says it was is left alone and reported; all others are written."""
    bench = bench_of(integration_of(psa))
    first = next(call for call in bench.clean.calls if CLASSES["before writing"](call))
    line = max(bench.clean.rows, key=lambda row: (row[3], row[0]))[0]  # hands change units from today on, not before
    fault = Planned(first, FaultKind.DRIFT, (("delta", 7), ("line_id", line)), nth=1, count=1)

    seen = played(bench, [fault])

    others = {row for row in bench.clean.rows if row[0] != line}
    assert set(seen.first.rows) == others
    assert [code[2:] for code, about in seen.first.told if f'"{line}"' in about] == ["120"]


@every_psa
@pytest.mark.parametrize("delta", [997, -997])  # a smaller one may by chance be the number that is wanted
def test_a_lie_before_a_write_keeps_the_line_from_being_written(psa: str, delta: int, bench_of, played):
    """A difference is computed from what the diff says, never from a number that was not reviewed."""
    bench = bench_of(integration_of(psa))
    rereads = [call for call in bench.clean.calls if CLASSES["before writing"](call) and call.times > 1]
    call = max(rereads, key=lambda call: ("Units" in call.endpoint, call.times))
    seen = played(bench, [Planned(call, FaultKind.READBACK_LIE, (("delta", delta),), nth=2, count=1)])

    assert set(seen.first.rows) < set(bench.clean.rows)
    assert {code[2:] for code, _ in seen.first.told} == {"120"}
