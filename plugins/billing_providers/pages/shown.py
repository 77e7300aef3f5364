"""What a page says when what was asked for is not there."""

from __future__ import annotations


class NothingThere(Exception):
    """An unknown integration, period, run, diff or customer. Its text is shown to the person."""
