"""Filters, order and pages of BMS lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from billing_providers.sandbox.kaseya_bms.call import Page
from billing_providers.sandbox.kaseya_bms.errors import bad_request

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 100


def paged(rows: Iterable[dict[str, Any]], asked: dict[str, Any]) -> Page:
    """Return the asked page of rows, which are in the order of their ids unless ``Sort`` says otherwise.

    Page 0 is empty and tells the total, as clients use it.
    """
    size, number = asked.get("PageSize") or PAGE_SIZE_DEFAULT, asked.get("PageNumber", 1)
    if not 1 <= size <= PAGE_SIZE_MAX:
        raise bad_request(f"PageSize must be 1 to {PAGE_SIZE_MAX}, not {size}")
    if number < 0:
        raise bad_request(f"PageNumber must not be below 0, but is {number}")
    if asked.get("Exclude"):
        raise bad_request("Exclude is not simulated")
    ordered = _ordered(list(rows), asked.get("Sort") or "Id")
    first = (number - 1) * size
    return Page(ordered[first : first + size] if number else [], len(ordered))


def _ordered(rows: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    wanted = re.fullmatch(r"(\w+)(?:\s+(asc|desc))?", sort, re.IGNORECASE)
    names = {name.lower(): name for name in rows[0]} if rows else {}
    if wanted is None or (rows and wanted[1].lower() not in names):
        raise bad_request(f"Sort {sort!r} is not understood")
    if not rows:
        return rows
    name = names[wanted[1].lower()]
    backwards = (wanted[2] or "").lower() == "desc"
    return sorted(rows, key=lambda row: (row[name] is not None, row[name]), reverse=backwards)


def contains(text: str | None, wanted: str | None) -> bool:
    """Whether a text filter lets a text pass: it contains the wanted one, in any case."""
    return not wanted or wanted.casefold() in (text or "").casefold()


def within(instant: str | None, after: str | None, before: str | None) -> bool:
    """Whether an instant lies between two others, both included; an absent bound lets all pass."""
    if instant is None:
        return not after and not before
    moment = _moment(instant)
    return (not after or _moment(after) <= moment) and (not before or moment <= _moment(before))


def _moment(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
