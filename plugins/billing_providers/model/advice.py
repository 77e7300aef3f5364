"""What a hook can say about its connection before it stops working."""

from __future__ import annotations

from datetime import date
from typing import Protocol, runtime_checkable


@runtime_checkable
class GivesAdvice(Protocol):
    """Kept by hooks of systems whose versions or keys grow old."""

    def advice(self, today: date) -> tuple[str, ...]:
        """Return one sentence for each thing that will need a person's hand soon; asked after a connection test."""
