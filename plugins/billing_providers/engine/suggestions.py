"""Offers what an unmapped customer or SKU might be. Offered in a finding's text, never applied.

A near miss (only case or blanks differ) is found by look-up. Everything else is scored by rapidfuzz, at most
:data:`COMPARISONS_MAX` comparisons in a run, so that thousands of unmapped names against thousands of accounts
cannot stall a plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from billing_providers.model.mapping_states import MappingOffer, told_offers

COMPARISONS_MAX = 2_000_000
OFFERED_MAX = 3
SCORE_MIN = 70


@dataclass(slots=True)
class Suggestions:
    """What is there to be suggested: texts to compare with, and how each is shown to people.

    :param choices: (text, shown), and the id where one may be mapped to it; several texts may show the same thing (an
        account's code and its name).
    :param comparisons_left: how many comparisons may still be made.
    """

    choices: Iterable[tuple[str, str] | tuple[str, str, str]]
    comparisons_left: int = COMPARISONS_MAX
    _by_key: dict[str, set[tuple[str, str]]] = field(default_factory=dict, init=False)
    _keys: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        for text, shown, *target in self.choices:
            if key := _key(text):
                self._by_key.setdefault(key, set()).add((shown, target[0] if target else ""))
        self._keys = sorted(self._by_key)

    def offers(self, *wanted: str) -> list[MappingOffer]:
        """Return what texts that all name one thing might be, the likeliest first."""
        best: dict[tuple[str, str], MappingOffer] = {}
        for text in wanted:
            for offer in self._scored(text):
                named = (offer.shown, offer.target)
                if named not in best or offer.score > best[named].score:
                    best[named] = offer
        return sorted(best.values(), key=lambda offer: (-offer.score, offer.shown, offer.target))[:OFFERED_MAX]

    def sentence(self, *wanted: str) -> str:
        """Return ``Did you mean … (score 93)?`` for texts that all name one thing, or nothing."""
        return _sentence(self.offers(*wanted))

    def values(self, *wanted: str) -> dict[str, str]:
        """Return what a finding tells about it: the sentence, and the offers for the page of mappings."""
        offers = self.offers(*wanted)
        return {"suggestion": _sentence(offers), **({"offers": told_offers(offers)} if offers else {})}

    def _scored(self, text: str) -> list[MappingOffer]:
        key = _key(text)
        if not key:
            return []
        if key in self._by_key:
            why = f"'{text.strip()}' is the same but for case and blanks"
            return [MappingOffer(target, shown, 100, why) for shown, target in self._by_key[key]]
        if self.comparisons_left < len(self._keys):
            return []
        from rapidfuzz import fuzz, process

        self.comparisons_left -= len(self._keys)
        found = process.extract(key, self._keys, scorer=fuzz.token_sort_ratio, score_cutoff=SCORE_MIN, limit=5)
        return [
            MappingOffer(target, shown, int(score), f"'{text.strip()}' is like '{near}'")
            for near, score, _ in found
            for shown, target in self._by_key[near]
        ]


def _sentence(offers: Sequence[MappingOffer]) -> str:
    if not offers:
        return ""
    told = dict.fromkeys(f"{offer.shown} (score {offer.score})" for offer in offers)
    return f"Did you mean {' or '.join(told)}?"


def _key(text: str) -> str:
    return " ".join(text.casefold().split())
