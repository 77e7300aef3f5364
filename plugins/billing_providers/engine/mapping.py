"""Explicit mapping tables: which account a customer is, and which service a SKU is. They win over matching.

A customer or SKU may have several rows: they split its usage by ``share`` (the shares sum to one), or by the value
of a ``field`` of the charge line (a row without field then takes everything else); or each of them gets the whole
(``share`` is ``each``). ``sync`` is ``no`` to leave the customer or SKU alone for now; ``ignore`` holds a reason and
leaves it alone; ``until YYYY-MM-DD`` at its end asks for a review after that day. Codes and names are
compared trimmed and case-sensitively. A customer table may also be written as a grid of organizations
(:mod:`billing_providers.engine.organization_grid`).

====================  =============================================================================================
customer table        ``customer_code``, ``account_code`` or ``account_id``, ``contract`` (id or name), ``share``,
                      ``field``, ``value``, ``sync``, ``ignore``
service table         ``sku`` (also ``SKU|term``), ``term``, ``service`` (name) or ``service_id``, ``contract`` (id or
                      name, of the account's), ``customer_code`` (only for this customer), ``share``, ``field``,
                      ``value``, ``sync``, ``ignore``
====================  =============================================================================================
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from billing_providers.engine.mapping_csv import TableRow, read_table, read_text
from billing_providers.engine.mapping_entries import AccountTarget, MappingEntry, ServiceTarget, entry_of, grouped
from billing_providers.engine.organization_grid import is_grid, read_grid

CUSTOMER_COLUMNS = (
    "customer_code", "account_code", "account_id", "contract", "share", "field", "value", "sync", "ignore",
)  # fmt: skip
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
    "sync",
    "ignore",
)

_EMPTY_DIGEST = hashlib.sha256(b"[]").hexdigest()


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
    by_key = grouped(rows, lambda row: (row["customer_code"], _sku_key(row)))
    entries = {key: entry_of(of_key, _service_target) for key, of_key in by_key.items()}
    return ServiceMap(origin, entries, _digest(rows, SERVICE_COLUMNS))


def load_customer_map_file(path: str) -> CustomerMap:
    """Return the customer table of a file, which may be a grid; see :func:`load_customer_map`."""
    text, origin = read_text(path), Path(path).name
    return (load_organization_grid if is_grid(text, CUSTOMER_COLUMNS, origin) else load_customer_map)(text, origin)


def load_service_map_file(path: str) -> ServiceMap:
    """Return the service table of a file; see :func:`load_service_map`."""
    return load_service_map(read_text(path), Path(path).name)


def _customer_map(rows: list[TableRow], origin: str) -> CustomerMap:
    by_code = grouped(rows, lambda row: _needed(row, "customer_code"))
    entries = {code: entry_of(of_code, _account_target) for code, of_code in by_code.items()}
    return CustomerMap(origin, entries, _digest(rows, CUSTOMER_COLUMNS))


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


def _digest(rows: Iterable[TableRow], columns: tuple[str, ...]) -> str:
    canonical = sorted([row[column] for column in columns] for row in rows)
    return hashlib.sha256(json.dumps(canonical, ensure_ascii=False).encode()).hexdigest()
