"""What a mapping table says about one customer or SKU: its rows as one entry, with shares that never lose a unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Generic, TypeVar

from billing_providers.engine.ignore_until import review_day
from billing_providers.engine.mapping_csv import TableRow, share_of

_EACH = "each"  # every row gets the whole


@dataclass(frozen=True, slots=True)
class AccountTarget:
    """Where a customer's usage goes: an account by code or id, and a contract by id or name (empty: chosen)."""

    account_code: str
    account_id: str
    contract: str


@dataclass(frozen=True, slots=True)
class ServiceTarget:
    """What a SKU is: a service by name or id, on a contract by id or name (empty: the account's own choice)."""

    service: str
    service_id: str
    contract: str = ""


Target = TypeVar("Target", AccountTarget, ServiceTarget)


@dataclass(frozen=True, slots=True)
class Part(Generic[Target]):
    """One row of a split: a target, its share, and the place of the row for people."""

    target: Target
    share: Fraction
    where: str


@dataclass(frozen=True, slots=True)
class MappingEntry(Generic[Target]):
    """Everything that a table says about one customer or SKU.

    ``by_value`` holds the parts for each value of ``field``; the key None holds those of rows without field.
    """

    where: str
    ignore: str
    field: str
    by_value: Mapping[str | None, tuple[Part[Target], ...]]
    review_after: date | None = None  # last day before ``ignore`` wants a review; None: never

    def parts(self, value: str | None) -> tuple[Part[Target], ...]:
        """Return the parts for a value of the field; none when no row fits."""
        return self.by_value.get(value) or self.by_value.get(None, ())

    def all_parts(self) -> list[Part[Target]]:
        """Return the parts of all values."""
        return [part for parts in self.by_value.values() for part in parts]


Key = TypeVar("Key")


def grouped(rows: Iterable[TableRow], key_of: Callable[[TableRow], Key]) -> dict[Key, list[TableRow]]:
    """Return the rows by a key, in order."""
    grouped: dict[Key, list[TableRow]] = {}
    for row in rows:
        grouped.setdefault(key_of(row), []).append(row)
    return grouped


def entry_of(rows: list[TableRow], target_of: Callable[[TableRow], Target]) -> MappingEntry[Target]:
    """Return what some rows say together.

    :raises SettingsError: with file, line, column, value and what is allowed.
    """
    first = rows[0]
    if _is_switched_off(rows):
        return MappingEntry(first.where, "its sync is switched off", "", {})
    ignoring = next((row for row in rows if row["ignore"]), None)
    if ignoring is not None:
        _check_ignore(rows, ignoring)
        return MappingEntry(ignoring.where, ignoring["ignore"], "", {}, review_day(ignoring))
    fields = {row["field"] for row in rows if row["field"]}
    for row in rows:
        if row["value"] and not row["field"]:
            raise row.fault("has a value without a field", "value", allowed="field and value together")
        if row["field"] and len(fields) > 1:
            raise row.fault("splits by several fields", "field", allowed=f"one of {', '.join(sorted(fields))}")
    by_value = {
        value: _parts(of_value, target_of)
        for value, of_value in grouped(rows, lambda row: row["value"] if row["field"] else None).items()
    }
    return MappingEntry(first.where, "", next(iter(fields), ""), by_value)


def _is_switched_off(rows: list[TableRow]) -> bool:
    for row in rows:
        if row["sync"] not in {"", "yes", "no"}:
            raise row.fault("is neither yes nor no", "sync", allowed="yes (or empty), no")
    off = [row["sync"] == "no" for row in rows]
    if any(off) and not all(off):
        raise rows[off.index(False)].fault(
            "is not switched as its other rows are", "sync", allowed="no in all, or in none"
        )
    return all(off)


def _check_ignore(rows: list[TableRow], ignoring: TableRow) -> None:
    others = {"account_code", "account_id", "contract", "service", "service_id", "share", "field", "value"}
    filled = sorted(column for column in others if ignoring[column])
    if filled:
        raise ignoring.fault(f"is given together with {', '.join(filled)}", "ignore", allowed="a reason alone")
    if len(rows) > 1:
        other = next(row for row in rows if row is not ignoring)
        raise ignoring.fault(f"stands beside line {other.line}", "ignore", allowed="one row when it is ignored")


def _parts(rows: list[TableRow], target_of: Callable[[TableRow], Target]) -> tuple[Part[Target], ...]:
    """Return the parts that share one quantity, in an order that does not depend on the table's."""
    parts: dict[Target, Part[Target]] = {}
    whole = [row["share"].casefold() == _EACH for row in rows]
    if any(whole) and not all(whole):
        raise rows[whole.index(False)].fault("stands beside each", "share", allowed="each in all rows, or in none")
    for row in rows:
        share, target = Fraction(1) if all(whole) else share_of(row), target_of(row)
        if share is None and len(rows) > 1:
            raise row.fault("is empty", "share", allowed="a share in each of several rows, summing to 1")
        if target in parts:
            raise row.fault(f"repeats {parts[target].where}", next(iter(row.cells)), allowed="one row for each target")
        parts[target] = Part(target, Fraction(1) if share is None else share, row.where)
    total = sum(part.share for part in parts.values())
    if total != 1 and not all(whole):
        raise rows[-1].fault(f"the shares sum to {total}", "share", allowed="shares that sum to exactly 1")
    return tuple(sorted(parts.values(), key=lambda part: repr(part.target)))
