"""What the arithmetic of dates and money refuses rather than guesses."""

from __future__ import annotations


class ProrationError(ValueError):
    """Dates, quantities or amounts do not make sense together; the message names the value, and what is allowed.

    It concerns one item: whoever asks reports it as a finding of that item, and goes on with the others.
    """
