"""Splits a whole number of units by exact shares, so that the parts always sum to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def split_units(units: int, shares: Sequence[Fraction], step: int = 1) -> list[int]:
    """Split by the largest remainder: each part is a multiple of ``step``, ties go to the earlier share.

    :param units: any integer multiple of ``step``; a negative total gives parts that sum to it just the same.
    :param shares: sum to exactly one.

    >>> split_units(10, [Fraction(1, 3)] * 3), split_units(-10, [Fraction(1, 3)] * 3)
    ([4, 3, 3], [-4, -3, -3])
    """
    sign, steps = (-1, -units // step) if units < 0 else (1, units // step)
    quotas = [steps * share for share in shares]
    parts = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(shares)), key=lambda part: (parts[part] - quotas[part], part))
    for part in by_remainder[: steps - sum(parts)]:
        parts[part] += 1
    return [sign * part * step for part in parts]
