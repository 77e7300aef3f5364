"""The billing gate: whether a customer's invoice may be made, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

REASONS_MAX = 5


class GateState(StrEnum):
    """Where a customer stands before its invoice is made."""

    READY = "ready"  # everything that should change was changed and read back, or agreed
    HELD = "held"  # something waits for a person: unmapped usage, a review, a line that was left alone
    FAILED = "failed"  # something was tried and does not stand, or the run was stopped


@dataclass(frozen=True, slots=True)
class GateReason:
    """Why a customer is not ready. ``code``: of a finding or guard; empty where none says it."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class CustomerGate:
    """One customer at the gate.

    :param attempts: how often its changes that do not stand were sent to the PSA in this period.
    :param last_answer: what the journal holds about the last of them; empty: nothing was sent, or all stands.
    """

    customer_code: str
    customer_name: str
    state: GateState
    reasons: tuple[GateReason, ...] = ()
    attempts: int = 0
    last_answer: str = ""
    answered_at: datetime | None = None  # aware, UTC

    @property
    def why(self) -> str:
        """The reasons as one text, the first few."""
        told = [f"{one.code}: {one.words}" if one.code else one.words for one in self.reasons[:REASONS_MAX]]
        more = len(self.reasons) - REASONS_MAX
        return " ".join([*told, *([f"{more} more."] if more > 0 else [])])


@dataclass(frozen=True, slots=True)
class BillingGate:
    """The gate of an integration and period.

    ``why`` says what keeps all of it closed, such as a run that is still at work or none at all; empty: the customers
    decide.
    """

    integration: str
    period_start: date
    customers: tuple[CustomerGate, ...]
    why: str = ""

    @property
    def ready(self) -> bool:
        """Whether every customer is ready."""
        return not self.why and not self.not_ready

    @property
    def not_ready(self) -> tuple[CustomerGate, ...]:
        """The customers that are not ready, failed ones first."""
        waiting = [customer for customer in self.customers if customer.state is not GateState.READY]
        return tuple(sorted(waiting, key=lambda one: (one.state is not GateState.FAILED, one.customer_code)))

    @property
    def counts(self) -> dict[str, int]:
        """How many customers are in each state."""
        return {state.value: sum(one.state is state for one in self.customers) for state in GateState}

    def waiting_for(self, overrides: Mapping[str, str]) -> tuple[CustomerGate, ...]:
        """Return the customers that are not ready and that nobody overrides (customer code → reason)."""
        return tuple(one for one in self.not_ready if one.customer_code not in overrides)

    def to_json(self, at_most: int = 50) -> dict[str, Any]:
        """Return the gate as a JSON object; of the customers that are not ready the first ones."""
        waiting = self.not_ready
        return {
            "integration": self.integration,
            "period_start": self.period_start.isoformat(),
            "ready": self.ready,
            "why": self.why,
            "counts": self.counts,
            "not_ready": [_told(one) for one in waiting[:at_most]],
            "more": max(len(waiting) - at_most, 0),
        }


def _told(one: CustomerGate) -> dict[str, Any]:
    return {
        "customer": one.customer_code,
        "name": one.customer_name,
        "state": one.state.value,
        "codes": list(dict.fromkeys(reason.code for reason in one.reasons if reason.code)),
        "why": one.why,
        "attempts": one.attempts,
        "last_answer": one.last_answer,
    }
