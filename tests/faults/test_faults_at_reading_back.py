"""Every kind of fault at the calls that show a line before it is written, and at those that read it back."""

from __future__ import annotations

import pytest

from billing_providers.sandbox.core.faults import FaultKind
from tests.support.fault_matrix_cases import integrations_to_try, kinds_at, singles

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
