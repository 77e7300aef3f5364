"""The movement table: when each SKU's quantity reaches its contract line. One visible policy, read like the mappings.

====================  =============================================================================================
``sku``               the SKU; ``ABC*``: every SKU that starts with ``ABC``; ``*``: every other SKU (must be there);
                      also ``SKU|term``
``term``              only for this term (or billing cycle, where the source tells no term); empty: all
``moves``             ``at_once``, ``when_updated`` or ``billing_date``
``note``              for people
====================  =============================================================================================

The exact SKU wins over patterns, a longer pattern over a shorter one, and a row with the term over one without.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from billing_providers.engine.mapping_csv import TableRow, near, read_table, read_text
from billing_providers.errors import SettingsError
from billing_providers.model.movement import Moves

MOVEMENT_COLUMNS = ("sku", "term", "moves", "note")
_EMPTY_DIGEST = hashlib.sha256(b"[]").hexdigest()
_EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class MovementTable:
    """What the table says, by pattern and term. ``digest`` changes with its meaning, not with rows' order or notes.

    Without rows the table governs nothing: every SKU moves in every run, as if there were no kinds.
    """

    origin: str
    rows: Mapping[tuple[str, str], Moves] = field(default_factory=dict)
    digest: str = _EMPTY_DIGEST

    @classmethod
    def empty(cls) -> MovementTable:
        """Return the table that governs nothing."""
        return cls("no movement table")

    def of(self, sku: str, term: str = "") -> Moves:
        """Return when a SKU and term moves.

        :raises KeyError: when the table governs nothing.
        """
        for pattern in _patterns(sku, self.rows):
            for of_term in (term, "") if term else ("",):
                if (pattern, of_term) in self.rows:
                    return self.rows[pattern, of_term]
        return self.rows[_EVERYTHING, ""]

    def of_any_term(self, sku: str) -> frozenset[Moves]:
        """Return when a SKU moves, whatever its term: several answers where its terms differ."""
        return frozenset(self.of(sku, term) for term in {"", *(term for _, term in self.rows)})


def load_movement(text: str, origin: str) -> MovementTable:
    """Return the movement table.

    :param origin: file name for messages.
    :raises SettingsError: with file, line, column, value and what is allowed.
    """
    rows = read_table(text, origin, MOVEMENT_COLUMNS, "sku")
    said: dict[tuple[str, str], Moves] = {}
    places: dict[tuple[str, str], str] = {}
    for row in rows:
        key = _key(row)
        if key in said:
            raise row.fault(f"repeats {places[key]}", "sku", allowed="one row for each SKU and term")
        said[key], places[key] = _moves(row), row.where
    if (_EVERYTHING, "") not in said:
        allowed = f"a row with the sku {_EVERYTHING}"
        raise SettingsError("the row for every other SKU is missing", where=origin, key="sku", allowed=allowed)
    canonical = sorted([*key, moves.value] for key, moves in said.items())
    return MovementTable(origin, said, hashlib.sha256(json.dumps(canonical, ensure_ascii=False).encode()).hexdigest())


def load_movement_file(path: str) -> MovementTable:
    """Return the movement table of a file; see :func:`load_movement`."""
    return load_movement(read_text(path), Path(path).name)


def _patterns(sku: str, rows: Mapping[tuple[str, str], Moves]) -> list[str]:
    """Return what may stand for a SKU, the most exact first."""
    known = {pattern for pattern, _ in rows if pattern.endswith(_EVERYTHING)}
    fitting = [pattern for pattern in known if sku.startswith(pattern[:-1])]
    return [sku, *sorted(fitting, key=len, reverse=True)]


def _key(row: TableRow) -> tuple[str, str]:
    sku, bar, term = row["sku"].partition("|")
    if not sku:
        raise row.fault("is empty", "sku", allowed="a SKU, the start of one and *, or *")
    if bar and row["term"]:
        raise row.fault("is given beside SKU|term", "term", allowed="the term in one of the two places")
    if _EVERYTHING in sku[:-1]:
        raise row.fault("has a * inside", "sku", allowed="a * at the end alone")
    return sku.strip(), (term or row["term"]).strip()


def _moves(row: TableRow) -> Moves:
    kinds = [kind.value for kind in Moves]
    if row["moves"] not in kinds:
        raise row.fault(f"is no kind{near(row['moves'], kinds)}", "moves", allowed=", ".join(kinds))
    return Moves(row["moves"])
