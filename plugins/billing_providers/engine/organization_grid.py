r"""The grid that brings the organizations of several modules together: a row per customer, a column per module.

::

    account_code,account_name,Datto RMM,SaaS Protection
    DAILY,Daily Mail,Daily Mail <4f0c2a>,Daily Mail Ltd; Daily Mail Holdings

A cell names the module's organizations that are this customer, several separated by ``;``. ``Name <id>``: the id counts
and the name is for people; a name alone counts itself. ``\;``, ``\<``, ``\>`` and ``\\`` stand for the signs.

===================================  ==================================================================================
``account_code``, ``account_id``     the PSA's account; where both are filled, the id counts
``account_name``                     for people
``contract``                         id or name; empty: chosen by the policy
``ignore``                           a reason, in a row without account: its organizations are left alone
columns that end with ``?``          for people: what was prefilled or may fit. Never read, so never billed
every other column                   a module, written as its records write it
===================================  ==================================================================================
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from billing_providers.engine.mapping_csv import TableRow, filled_rows
from billing_providers.engine.spreadsheet_csv import csv_text
from billing_providers.errors import SettingsError

ACCOUNT_COLUMNS = ("account_code", "account_id")
_FIXED = (*ACCOUNT_COLUMNS, "account_name", "contract", "ignore")
_DELIMITERS = ",;\t"
_ESCAPED = "\\;<>=+-@"
_FORMULA_STARTS = tuple("=+-@")  # a spreadsheet takes such a cell for a formula
_NEAR = 0.8


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization as a cell names it. ``identifier`` empty: the name is its identity."""

    name: str
    identifier: str = ""

    @property
    def code(self) -> str:
        """What tells it apart within its module."""
        return self.identifier or self.name

    @property
    def text(self) -> str:
        """How a cell writes it."""
        name = _escaped(self.name)
        identifier = _escaped(self.identifier).replace(">", "\\>")
        return f"{name} <{identifier}>" if self.identifier else name


@dataclass(frozen=True, slots=True)
class GridRow:
    """One customer: its account, and its organizations by module. ``where`` is the row's place in the file."""

    account_code: str = ""
    account_id: str = ""
    account_name: str = ""
    contract: str = ""
    ignore: str = ""
    organizations: Mapping[str, tuple[Organization, ...]] = field(default_factory=dict)
    where: str = ""


@dataclass(frozen=True, slots=True)
class OrganizationGrid:
    """A whole grid. ``modules`` are in the order of the columns."""

    origin: str
    modules: tuple[str, ...]
    rows: tuple[GridRow, ...]

    def customer_rows(self) -> list[TableRow]:
        """Return the rows of the customer table that say the same: one for each organization."""
        rows = []
        for row in self.rows:
            account = {"account_id": row.account_id} if row.account_id else {"account_code": row.account_code}
            target = {"ignore": row.ignore} if row.ignore else {**account, "contract": row.contract}
            for module, organizations in row.organizations.items():
                for organization in organizations:
                    cells = {"customer_code": customer_code(module, organization.code), **target}
                    rows.append(TableRow(f"{row.where}, {module}", 0, cells))
        return rows


def customer_code(module: str, organization: str) -> str:
    """Return the customer code of an organization of a module."""
    return f"{module}: {organization}"


def is_grid(text: str, table_columns: Sequence[str], origin: str = "") -> bool:
    """Whether a file is a grid rather than a customer table: it starts with the account and has columns of its own.

    :param table_columns: columns of the customer table.
    :param origin: file name for messages.
    :raises SettingsError: when the first row cannot be read.
    """
    header = [cell.strip().casefold() for cell in _header(text, origin)]
    own = [cell for cell in header if cell and cell not in table_columns]
    return bool(header) and header[0] in ACCOUNT_COLUMNS and "customer_code" not in header and bool(own)


def read_grid(text: str, origin: str) -> OrganizationGrid:
    """Return a grid.

    :param origin: file name for messages.
    :raises SettingsError: with file, line, column and value, for an organization that stands twice, a row with
        organizations and no account, a column that comes twice or looks like a mistyped one, and a cell that does not
        say what it means.
    """
    columns, modules = _columns(_header(text, origin), origin)
    rows: list[GridRow] = []
    places: dict[tuple[str, str], str] = {}
    for line, cells in islice(_lines(text, origin), 1, None):
        if any(cells[len(columns) :]):
            raise SettingsError(f"has {len(cells)} cells, the header {len(columns)}", where=f"{origin}, line {line}")
        row = _row(dict(zip(columns, cells, strict=False)), modules, f"{origin}, line {line}")
        for module, organizations in row.organizations.items():
            for organization in organizations:
                _claim(places, module, organization, row.where)
        rows.append(row)
    return OrganizationGrid(origin, modules, tuple(rows))


def grid_text(grid: OrganizationGrid, notes: Mapping[str, Sequence[str]] | None = None) -> str:
    """Return a grid as CSV text that :func:`read_grid` reads back.

    :param notes: further columns for people, each with one cell a row; their names end with ``?``.
    """
    extra = dict(notes or {})
    used = [name for name in ("contract", "ignore") if any(getattr(row, name) for row in grid.rows)]
    rows = []
    for number, row in enumerate(grid.rows):
        cells = ["; ".join(found.text for found in row.organizations.get(module, ())) for module in grid.modules]
        told = [column[number] for column in extra.values()]
        fixed = [row.account_code, row.account_id, row.account_name, *(getattr(row, name) for name in used)]
        rows.append([*fixed, *cells, *told])
    heading = ["account_code", "account_id", "account_name", *used, *grid.modules, *extra]
    return csv_text(heading, rows, line_end="\n")


def _columns(header: Sequence[str], origin: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the names of all columns, fixed ones in lower case, and the modules among them."""
    columns: list[str] = []
    for name in header:
        known = name.casefold() if name.casefold() in _FIXED else name
        if known and known in columns:
            raise SettingsError("the column comes twice", where=origin, key=known)
        columns.append(known)
    modules = tuple(name for name in columns if name and name not in _FIXED and not name.endswith("?"))
    for module in modules:
        near = difflib.get_close_matches(module.casefold(), _FIXED, 1, _NEAR)
        if near:
            raise SettingsError(f"is no module; did you mean {near[0]!r}?", where=origin, key="header", value=module)
    if not modules:
        raise SettingsError("has no column of a module", where=origin, allowed="e.g. Datto RMM, SaaS Protection")
    return columns, modules


def _row(cells: Mapping[str, str], modules: Sequence[str], where: str) -> GridRow:
    fixed = {name: cells.get(name, "") for name in _FIXED}
    organizations = {
        module: _organizations(cells[module], f"{where}, {module}") for module in modules if cells.get(module)
    }
    account = fixed["account_code"] or fixed["account_id"]
    if fixed["ignore"] and account:
        raise SettingsError(
            "is given together with an account", where=where, key="ignore", value=fixed["ignore"], allowed="one of them"
        )
    if organizations and not account and not fixed["ignore"]:
        raise SettingsError(
            "neither is given",
            where=where,
            key="account_code, account_id",
            value="; ".join(found.text for of_module in organizations.values() for found in of_module),
            allowed="account_code or account_id, or ignore with a reason",
        )
    return GridRow(**fixed, organizations=organizations, where=where)


def _claim(places: dict[tuple[str, str], str], module: str, organization: Organization, where: str) -> None:
    first = places.setdefault((module, organization.code), where)
    if first != where:
        raise SettingsError(
            f"stands in {first} already",
            where=where,
            key=module,
            value=organization.text,
            allowed="each organization in one row",
        )


def _organizations(cell: str, where: str) -> tuple[Organization, ...]:
    found: list[Organization] = []
    for name, identifier, rest in _parts(cell):
        if not name.strip() and identifier is None and not rest:
            continue
        if rest.strip() or (identifier is not None and not identifier.strip()):
            problem = "has text after the id" if rest.strip() else "has an empty id"
            raise SettingsError(problem, where=where, value=cell, allowed=r"Name, or Name <id>; \< for the sign itself")
        organization = Organization(name.strip(), (identifier or "").strip())
        if organization.code in {other.code for other in found}:
            raise SettingsError("names an organization twice", where=where, value=cell, allowed="each once")
        found.append(organization)
    return tuple(found)


def _parts(cell: str) -> Iterator[tuple[str, str | None, str]]:
    """Yield name, id (None without one) and what stands after it, for each part between semicolons."""
    texts: list[str | None] = ["", None, ""]  # name, id, rest
    at = 0
    characters = iter(cell)
    for character in characters:
        if character == "\\":
            following = next(characters, "")
            written = following if following and following in _ESCAPED else character + following
            texts[at] = (texts[at] or "") + written
        elif character == ";":
            yield texts[0] or "", texts[1], texts[2] or ""
            texts, at = ["", None, ""], 0
        elif character == "<" and at == 0:
            texts[1], at = "", 1
        elif character == ">" and at == 1:
            at = 2
        else:
            texts[at] = (texts[at] or "") + character
    yield texts[0] or "", texts[1], texts[2] or ""


def _escaped(text: str) -> str:
    written = text.replace("\\", "\\\\").replace(";", "\\;").replace("<", "\\<")
    return f"\\{written}" if written.startswith(_FORMULA_STARTS) else written


def _header(text: str, origin: str) -> list[str]:
    return next((cells for _, cells in _lines(text, origin)), [])


def _lines(text: str, origin: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and trimmed cells of every row that is filled, the header first."""
    text = text.removeprefix("\ufeff")
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    delimiter = next((mark for mark in first if mark in _DELIMITERS), ",")
    return filled_rows(text, delimiter, origin)
