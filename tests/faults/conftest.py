from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.support.accounts import Account
from tests.support.fault_matrix import Bench, benches
from tests.support.fault_matrix_cases import Planned
from tests.support.fault_matrix_judge import complaints, unseen
from tests.support.fault_matrix_verdict import Played, drifted, of_others, play

ACCOUNT = Account("HTTP faults at every call of a close")


@pytest.fixture(scope="session")
def bench_of() -> Iterator[Callable[[str], Bench]]:
    """The bench of an integration, opened once for all tests of a process."""
    with benches() as opened:
        yield opened


@pytest.fixture
def played() -> Callable[[Bench, Sequence[Planned]], Played]:
    """Close under faults, clear, and compare with the clean close; whatever broke a law fails the test."""

    def close(bench: Bench, faults: Sequence[Planned]) -> Played:
        seen = play(bench, faults)
        broken = complaints(bench, faults, seen)
        told = "\n".join(["", *map(str, faults), *broken])
        assert not broken, told
        ACCOUNT.fault(seen.hits)
        if not unseen(faults):
            hands = drifted(bench, faults)
            verdict = ACCOUNT.judge(of_others(bench.clean.rows, hands), of_others(seen.last.rows, hands))
            assert verdict.clean, told
        return seen

    return close
