"""Explicit mapping tables: which account a customer is, and which service a SKU is. They win over matching.

A customer or SKU may have several rows: they split its usage by ``share`` (the shares sum to one), or by the value
of a ``field`` of the charge line (a row without field then takes everything else). ``ignore`` holds a reason and
leaves the customer or SKU alone; ``until YYYY-MM-DD`` at its end asks for a review after that day. Codes and names are
compared trimmed and case-sensitively. A customer table may also be written as a grid of organizations
(:mod:`billing_providers.engine.organization_grid`).

====================  =============================================================================================
customer table        ``customer_code``, ``account_code`` or ``account_id``, ``contract`` (id or name), ``share``,
                      ``field``, ``value``, ``ignore``
service table         ``sku`` (also ``SKU|term``), ``term``, ``service`` (name) or ``service_id``, ``contract`` (id or
                      name, of the account's), ``customer_code`` (only for this customer), ``share``, ``field``,
                      ``value``, ``ignore``
====================  =============================================================================================
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Generic, TypeVar

from billing_providers.engine.ignore_until import review_day
from billing_providers.engine.mapping_csv import TableRow, read_table, read_text, share_of
from billing_providers.engine.organization_grid import is_grid, read_grid

CUSTOMER_COLUMNS = ("customer_code", "account_code", "account_id", "contract", "share", "field", "value", "ignore")
SERVICE_COLUMNS = (
    "sku",
    "term",
    "service",
    "service_id",
    "contract",
    "customer_code",
    "share",
    "field",
    "value",
    "ignore",
)

_EMPTY_DIGEST = hashlib.sha256(b"[]").hexdigest()


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


@dataclass(frozen=True, slots=True)
class CustomerMap:
    """The customer table. ``digest`` changes with its meaning, not with the order of rows or its layout.

    ``modules``: the columns of a grid; none in a plain table.
    """

    origin: str
    entries: Mapping[str, MappingEntry[AccountTarget]] = field(default_factory=dict)
    digest: str = _EMPTY_DIGEST
    modules: tuple[str, ...] = ()

    @classmethod
    def empty(cls) -> CustomerMap:
        """Return the table that says nothing."""
        return cls("no customer mapping table")

    def entry(self, customer_code: str) -> MappingEntry[AccountTarget] | None:
        """Return what the table says about a customer."""
        return self.entries.get(customer_code)


@dataclass(frozen=True, slots=True)
class ServiceMap:
    """The service table. Entries are keyed by customer code (empty: all customers) and ``SKU`` or ``SKU|term``."""

    origin: str
    entries: Mapping[tuple[str, str], MappingEntry[ServiceTarget]] = field(default_factory=dict)
    digest: str = _EMPTY_DIGEST

    @classmethod
    def empty(cls) -> ServiceMap:
        """Return the table that says nothing."""
        return cls("no service mapping table")

    @property
    def customers(self) -> frozenset[str]:
        """Customers that have rows of their own."""
        return frozenset(customer for customer, _ in self.entries if customer)

    @property
    def names_contracts(self) -> bool:
        """Whether any row says on which contract its service is billed."""
        return any(part.target.contract for entry in self.entries.values() for part in entry.all_parts())

    @property
    def ignored(self) -> frozenset[tuple[str, str]]:
        """Keys of the entries that are ignored."""
        return frozenset(key for key, entry in self.entries.items() if entry.ignore)

    def entry(self, sku: str, term: str, customer_code: str = "") -> MappingEntry[ServiceTarget] | None:
        """Return what the table says: rows of the customer win over general ones, ``SKU|term`` over plain ``SKU``."""
        keys = [f"{sku}|{term}", sku] if term else [sku]
        for customer in (customer_code, "") if customer_code else ("",):
            for key in keys:
                if found := self.entries.get((customer, key)):
                    return found
        return None


def load_customer_map(text: str, origin: str) -> CustomerMap:
    """Return the customer table.

    :param origin: file name for messages.
    :raises SettingsError: with file, line, column, value and what is allowed.
    """
    return _customer_map(read_table(text, origin, CUSTOMER_COLUMNS, "customer_code"), origin)


def load_organization_grid(text: str, origin: str) -> CustomerMap:
    """Return the customer table that a grid of organizations says.

    :param origin: file name for messages.
    :raises SettingsError: with file, line, column, value and what is allowed.
    """
    grid = read_grid(text, origin)
    return dataclasses.replace(_customer_map(grid.customer_rows(), origin), modules=grid.modules)


def load_service_map(text: str, origin: str) -> ServiceMap:
    """Return the service table.

    :param origin: file name for messages.
    :raises SettingsError: with file, line, column, value and what is allowed.
    """
    rows = read_table(text, origin, SERVICE_COLUMNS, "sku")
    grouped = _grouped(rows, lambda row: (row["customer_code"], _sku_key(row)))
    entries = {key: _entry(of_key, _service_target) for key, of_key in grouped.items()}
    return ServiceMap(origin, entries, _digest(rows, SERVICE_COLUMNS))


def load_customer_map_file(path: str) -> CustomerMap:
    """Return the customer table of a file, which may be a grid; see :func:`load_customer_map`."""
    text, origin = read_text(path), Path(path).name
    return (load_organization_grid if is_grid(text, CUSTOMER_COLUMNS) else load_customer_map)(text, origin)


def load_service_map_file(path: str) -> ServiceMap:
    """Return the service table of a file; see :func:`load_service_map`."""
    return load_service_map(read_text(path), Path(path).name)


def _customer_map(rows: list[TableRow], origin: str) -> CustomerMap:
    grouped = _grouped(rows, lambda row: _needed(row, "customer_code"))
    entries = {code: _entry(of_code, _account_target) for code, of_code in grouped.items()}
    return CustomerMap(origin, entries, _digest(rows, CUSTOMER_COLUMNS))


Key = TypeVar("Key")


def _grouped(rows: Iterable[TableRow], key_of: Callable[[TableRow], Key]) -> dict[Key, list[TableRow]]:
    grouped: dict[Key, list[TableRow]] = {}
    for row in rows:
        grouped.setdefault(key_of(row), []).append(row)
    return grouped


def _needed(row: TableRow, column: str) -> str:
    if not row[column]:
        raise row.fault("is empty", column, allowed="a code")
    return row[column]


def _sku_key(row: TableRow) -> str:
    sku = _needed(row, "sku")
    return f"{sku}|{row['term']}" if row["term"] else sku


def _account_target(row: TableRow) -> AccountTarget:
    _only_one_of(row, "account_code", "account_id")
    return AccountTarget(row["account_code"], row["account_id"], row["contract"])


def _service_target(row: TableRow) -> ServiceTarget:
    _only_one_of(row, "service", "service_id")
    return ServiceTarget(row["service"], row["service_id"], row["contract"])


def _only_one_of(row: TableRow, name: str, identifier: str) -> None:
    if bool(row[name]) == bool(row[identifier]):
        problem = "both are given" if row[name] else "neither is given"
        raise row.fault(problem, f"{name}, {identifier}", allowed=f"{name} or {identifier}, or ignore with a reason")


def _entry(rows: list[TableRow], target_of: Callable[[TableRow], Target]) -> MappingEntry[Target]:
    first = rows[0]
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
        for value, of_value in _grouped(rows, lambda row: row["value"] if row["field"] else None).items()
    }
    return MappingEntry(first.where, "", next(iter(fields), ""), by_value)


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
    for row in rows:
        share, target = share_of(row), target_of(row)
        if share is None and len(rows) > 1:
            raise row.fault("is empty", "share", allowed="a share in each of several rows, summing to 1")
        if target in parts:
            raise row.fault(f"repeats {parts[target].where}", next(iter(row.cells)), allowed="one row for each target")
        parts[target] = Part(target, Fraction(1) if share is None else share, row.where)
    total = sum(part.share for part in parts.values())
    if total != 1:
        raise rows[-1].fault(f"the shares sum to {total}", "share", allowed="shares that sum to exactly 1")
    return tuple(sorted(parts.values(), key=lambda part: repr(part.target)))


def _digest(rows: Iterable[TableRow], columns: tuple[str, ...]) -> str:
    canonical = sorted([row[column] for column in columns] for row in rows)
    return hashlib.sha256(json.dumps(canonical, ensure_ascii=False).encode()).hexdigest()
