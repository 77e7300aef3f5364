"""Offers what an unmapped customer or SKU might be. Offered in a finding's text, never applied.

A near miss (only case or blanks differ) is found by look-up. Everything else is scored by rapidfuzz, at most
:data:`COMPARISONS_MAX` comparisons in a run, so that thousands of unmapped names against thousands of accounts
cannot stall a plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

COMPARISONS_MAX = 2_000_000
OFFERED_MAX = 3
SCORE_MIN = 70


@dataclass(slots=True)
class Suggestions:
    """What is there to be suggested: texts to compare with, and how each is shown to people.

    :param choices: (text, shown) pairs; several texts may show the same thing (an account's code and its name).
    :param comparisons_left: how many comparisons may still be made.
    """

    choices: Iterable[tuple[str, str]]
    comparisons_left: int = COMPARISONS_MAX
    _by_key: dict[str, set[str]] = field(default_factory=dict, init=False)
    _keys: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        for text, shown in self.choices:
            if key := _key(text):
                self._by_key.setdefault(key, set()).add(shown)
        self._keys = sorted(self._by_key)

    def sentence(self, *wanted: str) -> str:
        """Return ``Did you mean … (score 93)?`` for texts that all name one thing, or nothing."""
        best: dict[str, int] = {}
        for text in wanted:
            for shown, score in self._scored(_key(text)):
                best[shown] = max(score, best.get(shown, 0))
        ranked = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))[:OFFERED_MAX]
        if not ranked:
            return ""
        return "Did you mean " + " or ".join(f"{shown} (score {score})" for shown, score in ranked) + "?"

    def _scored(self, key: str) -> list[tuple[str, int]]:
        if not key:
            return []
        if key in self._by_key:
            return [(shown, 100) for shown in self._by_key[key]]
        if self.comparisons_left < len(self._keys):
            return []
        from rapidfuzz import fuzz, process

        self.comparisons_left -= len(self._keys)
        found = process.extract(key, self._keys, scorer=fuzz.token_sort_ratio, score_cutoff=SCORE_MIN, limit=5)
        return [(shown, int(score)) for near, score, _ in found for shown in self._by_key[near]]


def _key(text: str) -> str:
    return " ".join(text.casefold().split())
