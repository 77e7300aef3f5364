"""What a person chose on the page of mappings, checked: the decisions that would be kept, before they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from billing_providers.ledger.paging import SIZE_MAX, Slice
from billing_providers.model.mapping_decisions import DecidedMapping, MappedKind, MappingDecision
from billing_providers.model.mapping_states import MappingStanding, MappingState
from billing_providers.pages.shown import NothingThere

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger

TEXT_MAX = 300
_ENDS_LIKE_A_REVIEW = re.compile(r"\buntil\s+\d\S*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a person chose. ``target`` is empty unless it is to be mapped."""

    subject: str
    target: str


def choices_of(texts: Sequence[str]) -> list[Choice]:
    """Return the choices of a form: JSON lists of code and target; empty texts are no choice.

    :raises NothingThere: for anything else, and for a code that is chosen twice.
    """
    found = []
    for text in filter(None, texts):
        try:
            subject, target = json.loads(text)
        except (TypeError, ValueError):
            raise NothingThere("The form does not say what was chosen; load the page again.") from None
        if not isinstance(subject, str) or not isinstance(target, str) or len(target) > TEXT_MAX:
            raise NothingThere("The form does not say what was chosen; load the page again.")
        found.append(Choice(subject, target.strip()))
    if len({choice.subject for choice in found}) < len(found):
        raise NothingThere("Something was chosen twice; load the page again.")
    return found


def best_of_all(ledger: Ledger, dag_id: str, kind: MappedKind, words: str) -> list[Choice]:
    """Return the likeliest suggestion for everything unmapped that nobody decided about, at most a thousand."""
    found = ledger.mapping_states.page(
        dag_id,
        kind,
        Slice(1, SIZE_MAX),
        state=MappingStanding.UNMAPPED.value,
        decided="open",
        words=words,
        offered=True,
    )
    return [Choice(state.subject, state.offers[0].target) for state in found.items if state.offers]


def decisions_of(
    ledger: Ledger,
    dag_id: str,
    kind: MappedKind,
    choices: Sequence[Choice],
    *,
    what: MappingDecision,
    reason: str,
    review_on: str,
    by: str,
) -> list[DecidedMapping]:
    """Return the decisions that choices come to, in the order of their codes.

    :raises NothingThere: when nothing was chosen, something is unknown, or a target, reason or day is missing or wrong.
    """
    if not choices:
        raise NothingThere("Nothing was chosen, so nothing was kept.")
    if len(choices) > SIZE_MAX:
        raise NothingThere(f"At most {SIZE_MAX} rows are decided at once.")
    known = ledger.mapping_states.of(dag_id, kind, {choice.subject for choice in choices})
    why, day = " ".join(reason.split()), _day(review_on)
    _check_reason(what, why, day)
    decided_at = datetime.now(UTC)
    decisions = []
    for choice in sorted(choices, key=lambda choice: choice.subject):
        if choice.subject not in known and not ledger.mapping_decisions.of(dag_id, kind, choice.subject):
            raise NothingThere(f"No run of {dag_id} found a {kind.value} {choice.subject!r}.")
        mapped = what is MappingDecision.MAP
        if mapped and not choice.target:
            raise NothingThere(f"It is not said what {choice.subject!r} is to be mapped to.")
        decisions.append(
            DecidedMapping(
                integration=dag_id,
                kind=kind,
                subject=choice.subject,
                seq=0,
                decision=what,
                target=choice.target if mapped else "",
                target_name=_name_of(known, choice) if mapped else "",
                reason=why,
                review_on=day if what is MappingDecision.IGNORE else None,
                decided_by=by,
                decided_at=decided_at,
            )
        )
    return decisions


def _check_reason(what: MappingDecision, reason: str, day: date | None) -> None:
    if len(reason) > TEXT_MAX:
        raise NothingThere(f"A reason has at most {TEXT_MAX} characters.")
    if what is not MappingDecision.IGNORE:
        return
    if not reason:
        raise NothingThere("Ignoring something needs a reason.")
    if _ENDS_LIKE_A_REVIEW.search(reason):
        raise NothingThere("The day of the review has a field of its own; leave it out of the reason.")
    if day is not None and day < datetime.now(UTC).date():
        raise NothingThere(f"The day of the review, {day}, has passed.")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise NothingThere(f"{text!r} is no day; write it as in 2026-12-31.") from None


def _name_of(known: Mapping[str, MappingState], choice: Choice) -> str:
    offers = known[choice.subject].offers if choice.subject in known else ()
    return next((offer.shown for offer in offers if offer.target == choice.target), "")
