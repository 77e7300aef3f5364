"""The sandbox's own clock, so that tests move time instead of waiting for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Runs with the machine's clock until it is set or advanced; then it runs on from there."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        return datetime.now(UTC) + self._ahead

    def set(self, instant: datetime) -> datetime:
        """Move to an aware instant.

        :raises ValueError: for an instant without a time zone.
        """
        if instant.tzinfo is None:
            raise ValueError("the clock wants an instant with a time zone, e.g. 2026-07-26T03:00:00Z")
        self._ahead = instant - datetime.now(UTC)
        return self.now()

    def advance(self, seconds: float) -> datetime:
        """Move forward (or back, below zero)."""
        self._ahead += timedelta(seconds=seconds)
        return self.now()

    def reset(self) -> None:
        """Go back to the machine's time."""
        self._ahead = timedelta(0)
