"""Reads the ledger's SQL files: named queries and migrations. Nothing else in the package holds SQL.

A query is ``-- name: words``, one line that says what it is for, and the statement. A migration is
``NNNN_words.sql`` whose statements end with ``;`` and an empty line.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from billing_providers.errors import LedgerError
from billing_providers.resources import include_dir

DIALECTS = ("postgres", "sqlite")
MIGRATION_NAME = re.compile(r"(?P<version>\d{4})_[a-z0-9]+(_[a-z0-9]+)*\.sql")
_QUERY = re.compile(r"^-- name: (?P<name>\w+)\n-- (?P<purpose>.+)\n(?P<sql>(?:(?!-- name:).*\n?)*)", re.MULTILINE)
_COLUMNS = re.compile(r"\A[^(]*\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Query:
    """One named statement. ``purpose`` is its line of documentation, and what an error says could not be done."""

    name: str
    purpose: str
    sql: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The first list in parentheses: the columns that a bulk statement writes, in order."""
        found = _COLUMNS.match(self.sql)
        return tuple(name.strip() for name in found[1].split(",")) if found else ()


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from an empty ledger to the present one."""

    version: int
    name: str
    statements: tuple[str, ...]
    checksum: str  # SHA-256 of the text with plain line ends


@cache
def queries(dialect: str) -> dict[str, Query]:
    """Return every query of a dialect (``sqlite`` or ``postgres``) by name.

    :raises LedgerError: when the files are missing or a name is used twice.
    """
    folder = include_dir() / "sql" / "queries"
    found: dict[str, Query] = {}
    for path in [*sorted(folder.glob("*.sql")), *sorted((folder / dialect).glob("*.sql"))]:
        for match in _QUERY.finditer(path.read_text(encoding="utf-8")):
            query = Query(match["name"], match["purpose"].rstrip("."), match["sql"].strip().rstrip(";"))
            if query.name in found:
                raise LedgerError(f"{path.name}: the query name {query.name} is used twice")
            found[query.name] = query
    return found


@cache
def migrations(dialect: str) -> tuple[Migration, ...]:
    """Return every migration of a dialect, in order.

    :raises LedgerError: for a file name outside the grammar, a gap or a version that comes twice.
    """
    folder = include_dir() / "sql" / "migrations"
    found = sorted(_migration(path) for path in [*folder.glob("*.sql"), *(folder / dialect).glob("*.sql")])
    if [version for version, _ in found] != list(range(1, len(found) + 1)):
        raise LedgerError(f"migrations must be numbered 1 to n once each; found {[name.name for _, name in found]}")
    return tuple(_read(version, path) for version, path in found)


def _migration(path: Path) -> tuple[int, Path]:
    match = MIGRATION_NAME.fullmatch(path.name)
    if match is None:
        raise LedgerError(f"{path.name}: a migration is called NNNN_words.sql")
    return int(match["version"]), path


def _read(version: int, path: Path) -> Migration:
    text = "\n".join(path.read_text(encoding="utf-8").splitlines())
    statements = tuple(part.strip() for part in re.split(r";\n\n+|;\Z", text) if part.strip())
    return Migration(version, path.stem, statements, hashlib.sha256(text.encode()).hexdigest())
