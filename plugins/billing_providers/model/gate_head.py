"""Where an integration and period stands in a few numbers: the answer to "is this period ready to invoice?"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class PeriodWord(StrEnum):
    """The answer to "is this period ready to invoice?"."""

    READY = "Ready"
    HELD = "Held"
    FAILED = "Failed"
    AT_WORK = "At work"
    OPEN = "Not closed"


@dataclass(frozen=True, slots=True)
class GateHead:
    """As the last report of the period found it.

    :param run_key: the run whose report it was.
    :param digest: of that run's diff; empty: it had none.
    :param why: what keeps all of it closed; empty: the customers decide.
    :param ready: customers that are ready; likewise ``held`` and ``failed``.
    :param changes: line changes of the diff; ``changes_held`` of them wait for a person.
    :param amount_changed: by how much a period's amount changes, where prices are known; ``amount_held`` the part that
        waits.
    """

    integration: str
    period_start: date
    period_end: date
    tenant: str
    run_key: str
    digest: str
    why: str
    ready: int
    held: int
    failed: int
    changes: int
    changes_held: int
    amount_changed: Decimal
    amount_held: Decimal
    at: datetime  # aware, UTC

    @property
    def is_ready(self) -> bool:
        """Whether every customer's invoice may be made."""
        return not (self.why or self.held or self.failed)

    @property
    def word(self) -> PeriodWord:
        """Where the period stands."""
        if self.failed:
            return PeriodWord.FAILED
        return PeriodWord.READY if self.is_ready else PeriodWord.HELD
