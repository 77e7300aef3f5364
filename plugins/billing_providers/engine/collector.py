"""Pausing Python's cyclic garbage collector while many acyclic rows are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector: it would walk all rows again and again, a quarter of the time of a large plan.

    Rows hold no cycles, so nothing is kept that would otherwise be freed.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
