"""Makes the text of a mapping table out of the one that is there and what people decided.

Rows that nobody decided about stay byte by byte, with their order and comments. A decided row takes the place of the
only row about its customer or SKU, or comes at the end. Nothing is guessed: the text is read back as a run would read
it, and a decision that does not come back as it was made is left out and told.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from billing_providers.engine.mapping import (
    CUSTOMER_COLUMNS,
    SERVICE_COLUMNS,
    load_customer_map,
    load_service_map,
)
from billing_providers.engine.mapping_csv import delimiter_of
from billing_providers.engine.mapping_entries import MappingEntry
from billing_providers.engine.organization_grid import is_grid
from billing_providers.engine.spreadsheet_csv import write_csv
from billing_providers.errors import SettingsError
from billing_providers.model.mapping_decisions import DecidedMapping, MappedKind, MappingDecision

_SUBJECT = {MappedKind.CUSTOMER: "customer_code", MappedKind.SERVICE: "sku"}
_TARGET = {MappedKind.CUSTOMER: "account_id", MappedKind.SERVICE: "service_id"}
_ALLOWED = {MappedKind.CUSTOMER: CUSTOMER_COLUMNS, MappedKind.SERVICE: SERVICE_COLUMNS}
_FORMULA = ("=", "+", "-", "@")

SEVERAL_ROWS = "the table has several rows about it, which a person has to change"
NAMES_CONTRACT = "its row in the table names a contract, so a person has to change it"
NOT_READ_BACK = "a table cannot hold it: it would be read back as something else"
IN_FORCE = "the table says so already"


@dataclass(frozen=True, slots=True)
class DecidedTable:
    """A table with decisions in it.

    :ivar text: of the whole table.
    :ivar rows: the decided rows as the text has them, by customer code or SKU.
    :ivar left_out: decisions that the text does not hold, and why.
    :ivar formulas: decided rows that a spreadsheet would calculate when it opens the text.
    """

    text: str
    rows: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    formulas: int = 0


def decided_table(text: str, kind: MappedKind, decisions: Sequence[DecidedMapping], note: str = "") -> DecidedTable:
    """Return a table with decisions in it.

    :param text: the table that is there; empty: none.
    :param decisions: that stand, at most one about each customer or SKU.
    :param note: who wrote this and when; becomes a comment above the rows at the end.
    :raises SettingsError: when the table that is there cannot be read, or is a grid of organizations.
    """
    if text.strip() and is_grid(text, _ALLOWED[kind]):
        raise SettingsError("is a grid of organizations, which its own command changes", where="the mapping table")
    before = _entries(text, kind)
    table = _Table(text, kind)
    left_out: dict[str, str] = {}
    wanted = []
    for decided in decisions:
        if _says(before.get(decided.subject), decided):
            left_out[decided.subject] = IN_FORCE
        elif len(table.records_of(decided.subject)) > 1:
            left_out[decided.subject] = SEVERAL_ROWS
        elif _names_contract(before.get(decided.subject)):
            left_out[decided.subject] = NAMES_CONTRACT
        else:
            wanted.append(decided)
    while True:
        made = table.with_rows(wanted, note)
        after = _entries_or_none(made, kind)
        bad = [one for one in wanted if after is None or not _says(after.get(one.subject), one)]
        if after is None and len(wanted) > 1:  # one of them breaks the text: find it by reading each alone
            alone = {one.subject: _entries_or_none(table.with_rows([one], ""), kind) for one in wanted}
            bad = [one for one in wanted if not _says((alone[one.subject] or {}).get(one.subject), one)] or wanted
        if not bad:
            break
        left_out |= {one.subject: NOT_READ_BACK for one in bad}
        wanted = [one for one in wanted if one.subject not in left_out]
    kept = before.keys() - {one.subject for one in wanted}
    if any(_meaning(before[subject]) != _meaning((after or {}).get(subject)) for subject in kept):
        raise SettingsError("would lose what it says about others; change it by hand", where="the mapping table")
    rows = {one.subject: table.row_of(one).strip() for one in wanted}
    formulas = sum(one.subject.startswith(_FORMULA) or one.reason.startswith(_FORMULA) for one in wanted)
    return DecidedTable(made, rows, left_out, formulas)


def ignore_text(decided: DecidedMapping) -> str:
    """Return what the column ``ignore`` says: the reason on one line, with the day of its review at its end."""
    reason = " ".join(decided.reason.split())
    return f"{reason} until {decided.review_on.isoformat()}" if decided.review_on else reason


class _Table:
    """A table as records of physical lines, so that what stays is not written anew."""

    def __init__(self, text: str, kind: MappedKind) -> None:
        self.kind = kind
        self.mark = "\ufeff" if text.startswith("\ufeff") else ""
        body = text.removeprefix("\ufeff")
        self.end = "\r\n" if "\r\n" in body else "\n"
        self.delimiter = delimiter_of(body, _ALLOWED[kind]) if body.strip() else ","
        self.records = list(_records(body, self.delimiter))
        self.head = next((at for at, (cells, _) in enumerate(self.records) if _counts(cells)), None)
        named = [] if self.head is None else [cell.strip().casefold() for cell in self.records[self.head][0]]
        while named and not named[-1]:
            named.pop()
        needed = (_SUBJECT[kind], _TARGET[kind], "ignore")
        self.new_columns = [name for name in needed if name not in named]
        self.columns = [*named, *self.new_columns]
        self._places: dict[str, list[int]] = {}
        self._rows: dict[str, str] = {}
        for at, (cells, _) in enumerate(self.records):
            if self.head is not None and at > self.head and _counts(cells) and (about := self._subject(cells)):
                self._places.setdefault(about, []).append(at)

    def records_of(self, subject: str) -> list[int]:
        """Return which records say something about a customer or SKU, for all customers."""
        return self._places.get(subject, [])

    def _subject(self, cells: Sequence[str]) -> str:
        row = dict(zip(self.columns, (cell.strip() for cell in cells), strict=False))
        if self.kind is MappedKind.SERVICE and row.get("customer_code"):
            return ""
        term = row.get("term", "") if self.kind is MappedKind.SERVICE else ""
        subject = row.get(_SUBJECT[self.kind], "")
        return f"{subject}|{term}" if term else subject

    def row_of(self, decided: DecidedMapping) -> str:
        """Return the row of a decision, with its line end. A subject has one decision, so its row is made once."""
        if (known := self._rows.get(decided.subject)) is not None:
            return known
        ignored = decided.decision is MappingDecision.IGNORE
        cells = {
            _SUBJECT[self.kind]: decided.subject,
            _TARGET[self.kind]: "" if ignored else decided.target,
            "ignore": ignore_text(decided) if ignored else "",
        }
        row = self._rows[decided.subject] = self._written([cells.get(name, "") for name in self.columns])
        return row

    def with_rows(self, decisions: Iterable[DecidedMapping], note: str) -> str:
        """Return the text with decided rows in it."""
        places: dict[int, DecidedMapping] = {}
        new = []
        for decided in decisions:
            found = self.records_of(decided.subject)
            if found:
                places[found[0]] = decided
            else:
                new.append(decided)
        parts = [self.mark]
        if self.head is None:
            parts += [raw for _, raw in self.records] + [self._written(self.columns)]
        for at, (_, raw) in enumerate(self.records if self.head is not None else ()):
            if at in places:
                parts.append(self.row_of(places[at]))
            elif at == self.head and self.new_columns:
                parts.append(self._written(self.columns))
            else:
                parts.append(raw)
        if new or places:
            if parts[-1] and not parts[-1].endswith(("\n", "\r")):
                parts.append(self.end)
            parts += [self._comment(note)] if note else []
        return "".join([*parts, *(self.row_of(decided) for decided in new)])

    def _written(self, cells: Sequence[str]) -> str:
        line = io.StringIO()
        write_csv(line, [cells], delimiter=self.delimiter, line_end=self.end)
        return line.getvalue()

    def _comment(self, note: str) -> str:
        plain = "".join(" " if mark in '"' + self.delimiter else mark for mark in " ".join(note.split()))
        return f"# {plain}{self.end}"


def _records(body: str, delimiter: str) -> Iterator[tuple[list[str], str]]:
    """Yield the cells of each record with the physical lines that hold it."""
    lines = io.StringIO(body, newline="").readlines()
    reader = csv.reader(lines, delimiter=delimiter)
    begun = 0
    for cells in reader:
        yield cells, "".join(lines[begun : reader.line_num])
        begun = reader.line_num


def _counts(cells: Sequence[str]) -> bool:
    return any(cell.strip() for cell in cells) and not cells[0].strip().startswith("#")


@lru_cache(maxsize=4)  # a table is looked at again and again while it is worked on; nobody changes what is returned
def _entries(text: str, kind: MappedKind) -> Mapping[str, MappingEntry[Any]]:
    """Return what a table says about each customer, or about each SKU for all customers."""
    if not text.strip():
        return {}
    if kind is MappedKind.CUSTOMER:
        return dict(load_customer_map(text, "the mapping table").entries)
    found = load_service_map(text, "the mapping table").entries
    return {sku if not customer else f"{sku}\n{customer}": entry for (customer, sku), entry in found.items()}


def _entries_or_none(text: str, kind: MappedKind) -> Mapping[str, MappingEntry[Any]] | None:
    try:
        return _entries(text, kind)
    except (SettingsError, csv.Error):
        return None


def _says(entry: MappingEntry[Any] | None, decided: DecidedMapping) -> bool:
    """Whether an entry is what was decided, and nothing else."""
    if entry is None:
        return False
    if decided.decision is MappingDecision.IGNORE:
        return entry.ignore == ignore_text(decided) and entry.review_after == decided.review_on
    parts = entry.all_parts()
    if entry.ignore or entry.field or len(parts) != 1 or parts[0].target.contract:
        return False
    target = parts[0].target
    return bool(decided.target) and decided.target == getattr(target, _TARGET[decided.kind])


def _names_contract(entry: MappingEntry[Any] | None) -> bool:
    return entry is not None and any(part.target.contract for part in entry.all_parts())


def _meaning(entry: MappingEntry[Any] | None) -> object:
    """Return what an entry says, whatever line it stands on."""
    if entry is None:
        return None
    parts = {value: [(part.target, part.share) for part in of_value] for value, of_value in entry.by_value.items()}
    return entry.ignore, entry.field, entry.review_after, parts
