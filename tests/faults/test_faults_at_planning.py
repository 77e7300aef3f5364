"""Every kind of fault at the calls by which a PSA is read for the diff, and for the billing items afterwards."""

from __future__ import annotations

import pytest

from billing_providers.sandbox.core.faults import FaultKind
from tests.support.closing import shipped_integrations
from tests.support.fault_matrix_cases import CLASSES, WAYS, integrations_to_try, kinds_at, singles


@pytest.mark.parametrize("kind", kinds_at("plan"))
@pytest.mark.parametrize("integration", integrations_to_try())
def test_a_psa_that_is_read_badly_never_gets_a_number_that_is_not_right(
    integration: str, kind: FaultKind, bench_of, played
):
    """What is written is the clean diff or a part of it, and what is missing is told."""
    bench = bench_of(integration)
    for fault in singles(bench, "plan", kind):
        played(bench, [fault])


@pytest.mark.parametrize("kind", kinds_at("billing items"))
def test_billing_items_that_cannot_be_read_never_undo_what_was_billed(kind: FaultKind, bench_of, played):
    """The dataset is an outcome beside the billing: whatever its calls meet, the lines hold what was written."""
    bench = bench_of("kaseya_modules_to_autotask")
    for fault in singles(bench, "billing items", kind):
        played(bench, [fault])


def test_every_kind_of_fault_and_every_shipped_integration_is_tried(bench_of):
    """A new kind of fault, and a new integration, cannot be left out unseen."""
    assert set(WAYS) == set(FaultKind)
    for integration in shipped_integrations():
        bench = bench_of(integration)
        met = {name for name, holds in CLASSES.items() if any(map(holds, bench.clean.calls))}
        assert {"plan", "before writing", "write", "read back"} <= met
        assert len(bench.clean.changes) >= 20
        assert bench.clean.managed
        assert all(any(holds(call) for holds in CLASSES.values()) for call in bench.clean.calls)
