"""How many examples a fuzz test tries: a fixed sample in CI, more and other ones with ``BILLING_SOAK_SEEDS``."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import hypothesis

SEEDS = int(os.environ.get("BILLING_SOAK_SEEDS", "0"))

hypothesis.settings.register_profile(
    "fuzz",
    derandomize=not SEEDS,  # CI tries the same sample every time; a soak tries others, and prints how to try one again
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)


def examples(count: int) -> Callable[[Any], Any]:
    """Return a decorator: so many examples in CI, and that many times the number of seeds in a soak."""
    profile = hypothesis.settings.get_profile("fuzz")
    return hypothesis.settings(profile, max_examples=count * max(SEEDS, 1))
