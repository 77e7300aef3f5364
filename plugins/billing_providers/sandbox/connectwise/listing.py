"""What every list takes: ``conditions``, ``orderBy``, ``fields``, pages by number, and forward-only pages by id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from billing_providers.sandbox.connectwise.conditions import condition, field_kind, value_at
from billing_providers.sandbox.connectwise.errors import bad_condition, bad_request
from billing_providers.sandbox.connectwise.spec import specification

PAGE_SIZE_DEFAULT = 25
PAGE_SIZE_MAX = 1000  # a larger one is capped without a word
_NOT_SIMULATED = ("childConditions", "customFieldConditions")
_ORDER = re.compile(r"\s*([\w/]+)(?:\s+(asc|desc))?\s*", re.IGNORECASE)

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller asks of a list. ``page_id``: forward-only pages, 0 is the first; None: pages by number."""

    conditions: str = ""
    order_by: str = ""
    fields: str = ""
    page: int = 1
    page_size: int = PAGE_SIZE_DEFAULT
    page_id: int | None = None

    @classmethod
    def of(cls, values: Mapping[str, str], *, forward_only: bool) -> Asked:
        """Read query values.

        :raises CwRefusal: 400 for a number that is none, and what forward-only pages do not allow.
        """
        for name in _NOT_SIMULATED:
            if values.get(name):
                raise bad_request("NotSimulated", f"{name} is not simulated by the sandbox.")
        if forward_only and values.get("orderBy"):
            raise bad_request("ApiPaging", "orderBy cannot be combined with forward-only pagination.")
        size = _number(values, "pageSize", PAGE_SIZE_DEFAULT)
        return cls(
            conditions=values.get("conditions", ""),
            order_by=values.get("orderBy", ""),
            fields=values.get("fields", ""),
            page=1 if forward_only else _number(values, "page", 1),
            page_size=min(size, PAGE_SIZE_MAX),
            page_id=_number(values, "pageId", 0, least=0) if forward_only else None,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a list.

    :param rows: records, with the wanted fields.
    :param total: how many records the conditions let pass.
    :param last_id: id of the last record; 0 in an empty part.
    """

    rows: list[Record]
    total: int
    last_id: int


def part_of(model: str, rows: Iterable[Record], asked: Asked) -> Part:
    """Return the asked part of records that come in the order of their ids.

    :raises CwRefusal: 400 for conditions, order or fields that are not understood.
    """
    lets_pass = condition(model, asked.conditions)
    passed = [row for row in rows if lets_pass(row)] if asked.conditions.strip() else list(rows)
    ordered = _ordered(model, passed, asked.order_by)
    if asked.page_id is not None:
        shown = [row for row in ordered if row["id"] > asked.page_id][: asked.page_size]
    else:
        first = (asked.page - 1) * asked.page_size
        shown = ordered[first : first + asked.page_size]
    pick = _picker(model, asked.fields)
    last_id = shown[-1].get("id", 0) if shown else 0
    return Part([picked(row, pick) for row in shown] if pick else shown, len(passed), last_id)


def one_of(model: str, row: Record, fields: str) -> Record:
    """Return a single record with the wanted fields.

    :raises CwRefusal: 400 for an unknown field.
    """
    pick = _picker(model, fields)
    return picked(row, pick) if pick else row


def links(asked: Asked, part: Part) -> list[tuple[str, dict[str, int]]]:
    """Return which other parts there are: the relation, and the query values that lead there.

    A full forward-only page always has a next one, even when nothing follows: only reading it tells.
    """
    if asked.page_id is not None:
        full = len(part.rows) == asked.page_size
        return [("next", {"pageId": part.last_id, "pageSize": asked.page_size})] if full else []
    last = max(1, -(-part.total // asked.page_size))
    if last == 1 and asked.page == 1:
        return []
    found = []
    if asked.page < last:
        found += [("next", asked.page + 1)]
    if asked.page > 1:
        found += [("prev", min(asked.page - 1, last)), ("first", 1)]
    if asked.page < last:
        found += [("last", last)]
    return [(relation, {"page": page, "pageSize": asked.page_size}) for relation, page in found]


def _number(values: Mapping[str, str], name: str, default: int, least: int = 1) -> int:
    text = values.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < least:
        raise bad_request("ApiPaging", f"{name} must be a number from {least} on, not {text!r}.")
    return int(text)


def _ordered(model: str, rows: list[Record], order_by: str) -> list[Record]:
    if not order_by.strip():
        return rows
    for entry in reversed(order_by.split(",")):
        wanted = _ORDER.fullmatch(entry)
        if wanted is None:
            raise bad_condition(f"orderBy {entry.strip()!r} is not understood.")
        path = wanted[1]
        kind, _ = field_kind(model, path)
        if kind == "object":
            raise bad_condition(f"{path} cannot be sorted.")
        known = [row for row in rows if value_at(row, path, kind) is not None]
        unknown = [row for row in rows if value_at(row, path, kind) is None]
        backwards = (wanted[2] or "").lower() == "desc"
        known.sort(key=lambda row: value_at(row, path, kind), reverse=backwards)
        rows = known + unknown if backwards else unknown + known
    return rows


Pick = dict[str, "Pick"]  # a name that is picked, and what is picked below it; nothing below: all of it


def _picker(model: str, fields: str) -> Pick:
    pick: Pick = {}
    for entry in filter(None, (part.strip() for part in fields.split(","))):
        if specification().field(model, entry) is None:
            raise bad_request("ApiFields", f"{entry} is not a recognized name.")
        below = pick
        for name in entry.split("/"):
            below = below.setdefault(name, {})
    return pick


def picked(row: Record, pick: Pick) -> Record:
    """Return the picked fields of a record; ``_info`` comes only where it is picked by its name."""
    shown: Record = {}
    for name, below in pick.items():
        value = row.get(name)
        if isinstance(value, dict) and below:
            value = picked(value, below)
        elif isinstance(value, dict) and name != "_info":
            value = {key: part for key, part in value.items() if key != "_info"}
        if value is not None:
            shown[name] = value
    return shown
