"""Every kind of fault at the calls that show a line before it is written, and at those that read it back."""

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
each_kind = pytest.mark.parametrize("kind", kinds_at("read back"))
each_integration = pytest.mark.parametrize("integration", integrations_to_try())


@each_kind
@each_integration
def test_a_line_that_cannot_be_read_anew_is_not_written(integration: str, kind: FaultKind, bench_of, played):
    """Before each write the live line is read; without that nothing leaves, and clearing does the rest."""
    bench = bench_of(integration)
    for fault in singles(bench, "before writing", kind):
        played(bench, [fault])


@each_kind
@each_integration
def test_a_write_that_cannot_be_read_back_is_not_sent_again(integration: str, kind: FaultKind, bench_of, played):
    """Reading back fails, lies or is late: what was written stays written, once."""
    bench = bench_of(integration)
    for fault in singles(bench, "read back", kind):
        seen = played(bench, [fault])
        assert seen.first.rows.total() == bench.clean.rows.total()


@every_psa
@pytest.mark.parametrize("delta", [1, -1])
def test_a_lie_in_the_read_back_is_told_and_changes_nothing(psa: str, delta: int, bench_of, played):
    """Every write is read back; a mismatch is an error with the observed value, and nothing is sent again for it."""
    bench = bench_of(integration_of(psa))
    rereads = [call for call in bench.clean.calls if CLASSES["read back"](call)]
    call = max(rereads, key=lambda call: ("Units/query" in call.endpoint, call.times))
    # The last one: Kaseya BMS lists some contract first to see what the tenant offers.
    seen = played(bench, [Planned(call, FaultKind.READBACK_LIE, (("delta", delta),), nth=call.times, count=1)])

    assert seen.first.rows == seen.last.rows == bench.clean.rows
    assert {code[2:] for code, _ in seen.first.told} == {"122"}
