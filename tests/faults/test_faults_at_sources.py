"""Every kind of fault at the calls by which usage is read, in whole closes of every shipped integration."""

from __future__ import annotations

import pytest

from billing_providers.sandbox.core.faults import FaultKind
from tests.support.fault_matrix_cases import integrations_with_http_sources, kinds_at, singles


@pytest.mark.parametrize("kind", kinds_at("source"))
@pytest.mark.parametrize("integration", integrations_with_http_sources())
def test_usage_that_was_not_read_whole_is_never_billed_as_less(integration: str, kind: FaultKind, bench_of, played):
    """A failed, partial or empty read is never zero: the close is the clean one, or it says why it stopped."""
    bench = bench_of(integration)
    for fault in singles(bench, "source", kind):
        played(bench, [fault])
