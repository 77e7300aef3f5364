"""What each customer is mapped to, and each SKU, as a run found it: the rows of the page of mappings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime
from enum import StrEnum

from billing_providers.model.mapping_decisions import MappedKind, MappingDecision


class MappingStanding(StrEnum):
    """Where a customer or SKU stands."""

    UNMAPPED = "unmapped"  # nothing fits it
    CONFLICT = "conflict"  # several things fit it, or what it is mapped to cannot be used
    IGNORED = "ignored"  # a mapping table says so
    MAPPED = "mapped"


@dataclass(frozen=True, slots=True)
class MappingOffer:
    """What something unmapped might be. ``target``: id of an account or service; ``score``: 100 is the same."""

    target: str
    shown: str
    score: int
    reason: str


@dataclass(frozen=True, slots=True)
class MappingState:
    """One customer or SKU.

    :ivar subject: customer code, or SKU, with ``|term`` where the finding names one.
    :ivar module: of the source; the source itself where it has none.
    :ivar target: ids of accounts or services, several joined by a comma; empty unless it is mapped.
    :ivar code: of the finding that says why it is not mapped; empty: none.
    :ivar lines: contract lines that its usage reaches.
    """

    kind: MappedKind
    subject: str
    name: str
    module: str
    state: MappingStanding
    target: str
    target_name: str
    code: str
    why: str
    offers: tuple[MappingOffer, ...]
    lines: int
    run_key: str


@dataclass(frozen=True, slots=True)
class DecidedState:
    """A state with the last decision about it. All fields of the decision are None when there is none."""

    subject: str
    name: str
    module: str
    state: MappingStanding
    target: str
    target_name: str
    code: str
    why: str
    offers: tuple[MappingOffer, ...]
    lines: int
    run_key: str
    decision: MappingDecision | None
    decided_target: str | None
    decided_name: str | None
    reason: str | None
    review_on: date | None
    decided_by: str | None
    decided_at: datetime | None

    @property
    def is_decided(self) -> bool:
        """Whether a decision about it stands."""
        return self.decision in {MappingDecision.MAP, MappingDecision.IGNORE}

    @property
    def against_run(self) -> bool:
        """Whether the run found it mapped to, or ignored instead of, something else than what was decided."""
        if self.decision is MappingDecision.MAP:
            mapped_elsewhere = self.state is MappingStanding.MAPPED and self.target != self.decided_target
            return mapped_elsewhere or self.state is MappingStanding.IGNORED
        return self.decision is MappingDecision.IGNORE and self.state is MappingStanding.MAPPED

    @property
    def in_force(self) -> bool:
        """Whether the run found it as it was decided."""
        if self.decision is MappingDecision.MAP:
            return self.state is MappingStanding.MAPPED and self.target == self.decided_target
        return self.decision is MappingDecision.IGNORE and self.state is MappingStanding.IGNORED


@dataclass(frozen=True, slots=True)
class MappingCounts:
    """How many customers or SKUs of an integration stand where."""

    integration: str
    kind: MappedKind
    state: MappingStanding
    subjects: int


@dataclass(frozen=True, slots=True)
class MappedAccount:
    """One account in the grid of customers: which code of which integration and module is mapped to it."""

    target: str
    target_name: str
    integration: str
    module: str
    subject: str
    name: str


def told_offers(offers: Sequence[MappingOffer]) -> str:
    """Return offers as text for a finding's subject."""
    return json.dumps([astuple(offer) for offer in offers], ensure_ascii=False)


def offers_from(text: str) -> tuple[MappingOffer, ...]:
    """Return the offers that :func:`told_offers` made a text of; none for an empty one."""
    return tuple(MappingOffer(*parts) for parts in json.loads(text or "[]"))
