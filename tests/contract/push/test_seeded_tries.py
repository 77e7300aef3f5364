"""Hundreds of seeded pushes in which an answer is lost or the process dies: each intended change lands exactly once.

Where quantities are written as differences a second one would count twice and a missing one cannot be seen, so that PSA
gets many more seeds than those where repeating is harmless.
"""

from __future__ import annotations

import random

import pytest

from billing_providers.push.applier import apply_changes
from billing_providers.push.judge import WriteTraits
from billing_providers.push.verifier import verify_changes
from tests.contract.push.conftest import Push, in_states
from tests.support.mortal import Killed, Life, mortal

BLOCKS, SEEDS, SEEDS_WHERE_HARMLESS = 7, 30, 3
LOSSES = [("drop_after", {}), ("html", {"applied": True}), ("status", {"status": 502, "applied": True})]

in_blocks = pytest.mark.parametrize("block", range(BLOCKS))
pytestmark = pytest.mark.slow


def seeds(push: Push, block: int) -> range:
    """Return the seeds of a block: 210 in all for differences."""
    per_block = SEEDS if WriteTraits.of(push.offered).relative else SEEDS_WHERE_HARMLESS
    return range(block * per_block, (block + 1) * per_block)


def start(push: Push, chance: random.Random, seed: int) -> None:
    """Take three to seven changes of the tenant in its first state."""
    push.start_over(tuple(chance.sample(push.all_changes, chance.randint(3, 7))), f"{seed:064d}")


def finish(push: Push, chance: random.Random) -> set[str]:
    """Clear the task, or start another run that planned the same from what it read too early; then wait, and end.

    Return how changes may stand then: where lists show everything at once another run has not planned such additions,
    so it leaves them alone.
    """
    push.box.control.clear_faults()
    other = chance.random() < 0.5
    if other:
        push.another_run()
    apply_changes(push.job())
    push.wait_for_lists()
    apply_changes(push.job())
    return {"verified", "stale"} if other and not WriteTraits.of(push.offered).hidden_s else {"verified"}


@in_blocks
def test_every_change_lands_once_whichever_answer_was_lost(push: Push, block: int) -> None:
    """The answer to each write is lost in turn, after it was applied."""
    for seed in seeds(push, block):
        chance = random.Random(f"lost|{seed}")
        start(push, chance, seed)
        kind, settings = chance.choice(LOSSES)
        step = 1 + seed % len(push.diff.changes)
        for endpoint in {push.case.write, push.case.add}:
            push.fault(kind, endpoint, nth=step, count=chance.choice([1, 2]), **settings)
        apply_changes(push.job(read_timeout_s=5))
        ends = finish(push, chance)

        assert push.written() == push.wanted(), f"seed {seed}"
        assert set(in_states(verify_changes(push.job()))) <= ends, f"seed {seed}"


@in_blocks
def test_every_change_lands_once_wherever_the_process_died(push: Push, block: int) -> None:
    """It dies at each step in turn, a commit of the journal or a write; in every third run answers are lost as well."""
    for seed in seeds(push, block):
        chance = random.Random(f"died|{seed}")
        start(push, chance, seed)
        if seed % 3 == 0:
            push.fault("drop_after", nth=1, count=0)
        steps = 2 * len(push.diff.changes) + 6
        for _ in range(chance.choice([1, 1, 2])):
            life = Life(1 + (seed + chance.randrange(2)) % steps)
            try:
                apply_changes(mortal(push.job(), life))
            except Killed:
                assert life.over
        ends = finish(push, chance)

        assert push.written() == push.wanted(), f"seed {seed}"
        assert set(in_states(verify_changes(push.job()))) <= ends, f"seed {seed}"
