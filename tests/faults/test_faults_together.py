"""Two to four faults in one close, at calls chosen by seed."""

from __future__ import annotations

import random

import pytest

from tests.support.closing import shipped_integrations
from tests.support.fault_matrix_cases import combination, seed, soak_seeds

TRIES = 4 if not soak_seeds() else 20 * soak_seeds()


@pytest.mark.parametrize("number", range(TRIES))
@pytest.mark.parametrize("integration", shipped_integrations())
def test_several_faults_in_one_close_end_as_each_alone_does(integration: str, number: int, bench_of, played):
    """Nothing is billed twice, lost or guessed, and with the faults gone the close comes to the clean one."""
    bench = bench_of(integration)
    played(bench, combination(bench, random.Random(f"{seed()}/{integration}/{number}")))
