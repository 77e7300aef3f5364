"""The days on which a quantity changes inside its period: differences while rules work, texts in the charge lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing_providers.model.decimals import EXACT, decimal_from_text, text_from_decimal

if TYPE_CHECKING:
    from billing_providers.engine.rules.columns import Codes, Objects

Steps = tuple[tuple[date, Decimal], ...]


def steps_of_groups(said: Objects, ordered: Codes, starts: Codes) -> Objects:
    """Return the differences of each group by day; none where one of its rows tells no days.

    :param said: the differences of each row.
    :param ordered: row numbers, group after group; ``starts``: where each group starts.
    """
    import numpy as np

    merged = np.empty(len(starts), dtype=object)
    merged[:] = [()] * len(starts)
    told = np.fromiter((bool(steps) for steps in said), dtype=bool, count=len(said))
    if not told.any():
        return merged
    whole = np.logical_and.reduceat(told[ordered], starts)
    ends = np.append(starts[1:], len(ordered))
    for group in np.flatnonzero(whole).tolist():
        by_day: dict[date, Decimal] = {}
        for row in ordered[starts[group] : ends[group]].tolist():
            for day, difference in said[row]:
                by_day[day] = EXACT.add(by_day.get(day, Decimal(0)), difference)
        merged[group] = tuple(sorted(by_day.items()))
    return merged


def steps_told(said: Objects, quantities: Sequence[Any]) -> list[str]:
    """Return the quantities from each day on as text; none where they do not lead to the line's quantity."""
    return [_text(steps, quantity) if steps else "" for steps, quantity in zip(said, quantities, strict=True)]


def steps_from_text(text: str) -> list[tuple[date, Decimal]]:
    """Return the quantities from each day on, ascending; none for an empty text."""
    return [(date.fromisoformat(day), decimal_from_text(units)) for day, units in json.loads(text)] if text else []


def _text(steps: Steps, quantity: Decimal) -> str:
    held = Decimal(0)
    told: list[list[str]] = []
    for day, difference in steps:
        held = EXACT.add(held, difference)
        units = text_from_decimal(held)
        if not told or told[-1][1] != units:
            told.append([day.isoformat(), units])
    return json.dumps(told) if held == quantity else ""
