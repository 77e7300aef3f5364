"""Reasons to ignore that end with a day: ``trial until 2026-12-31``. After it a person is asked to look again."""

from __future__ import annotations

import re
from datetime import date

from billing_providers.engine.mapping_csv import TableRow

_UNTIL = re.compile(r"\buntil\s+(\d\S*)$", re.IGNORECASE)


def review_day(row: TableRow) -> date | None:
    """Return the last day on which the row's reason needs no review; None when it names none.

    :raises SettingsError: for a day that does not exist or is not written ``YYYY-MM-DD``.
    """
    found = _UNTIL.search(row["ignore"])
    if found is None:
        return None
    try:
        if len(found[1]) != 10:
            raise ValueError(found[1])
        return date.fromisoformat(found[1])
    except ValueError:
        raise row.fault("ends with a day that does not exist", "ignore", allowed="… until YYYY-MM-DD") from None
