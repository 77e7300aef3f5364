"""What an address asks for, taken at its word only where it is something that can be asked for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from billing_providers.pages.shown import NothingThere


def day_asked(text: str) -> date | None:
    """Return the day by which a period is named; None for an empty text.

    :raises NothingThere: for what is no day.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise NothingThere(f"{text!r} is no day; a period is named by a day in it, as in 2026-10-01.") from None


def one_of(text: str, allowed: Collection[str]) -> str:
    """Return a value of a list; the empty text, which chooses nothing, for any other."""
    return text if text in allowed else ""


def plain(text: str) -> str:
    """Return a text without the one character that no ledger holds, and that therefore nothing has."""
    return text.replace("\x00", "")
