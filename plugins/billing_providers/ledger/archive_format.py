"""What an archive of a ledger looks like: a zip with one file of JSON lines per table, and a manifest.

``<table>.jsonl`` holds a row per line, a JSON list of its cells in the order of the manifest's columns, by primary key.
``manifest.json`` says the format, which version made it when, the migrations of the ledger, columns, number of rows and
SHA-256 of each table, and where the chain of each tenant ended. Two ledgers with the same rows have the same tables.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from billing_providers.errors import LedgerError
from billing_providers.ledger.chain import ChainHead

FORMAT = "billing-ledger/1"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class ArchivedTable:
    """One table of an archive."""

    columns: tuple[str, ...]
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says about itself."""

    made_by: str  # version of the package
    made_at: str  # UTC, ISO text
    ledger_id: str  # of the ledger that was written down
    migrations: tuple[str, ...]
    tables: dict[str, ArchivedTable]
    heads: dict[str, ChainHead]

    @property
    def rows(self) -> int:
        """How many rows all tables have together."""
        return sum(table.rows for table in self.tables.values())

    def text(self) -> str:
        """Return the manifest as JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1)


def write_table(
    archive: zipfile.ZipFile, name: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
) -> ArchivedTable:
    """Write the rows of a table into an archive and return what the manifest says of it.

    :raises LedgerError: for a cell that is neither text nor a whole number nor empty.
    """
    digest, count = hashlib.sha256(), 0

    def refuse(value: Any) -> Any:
        raise LedgerError(f"table {name}, row {count + 1}: a {type(value).__name__} is neither text nor number")

    encode = json.JSONEncoder(separators=(",", ":"), default=refuse).encode
    with archive.open(f"{name}.jsonl", "w", force_zip64=True) as file:
        for row in rows:
            line = f"{encode(list(row))}\n".encode("ascii")
            digest.update(line)
            file.write(line)
            count += 1
    return ArchivedTable(columns, count, digest.hexdigest())


@contextmanager
def opened_archive(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """Open an archive; yield it with its manifest.

    :raises LedgerError: when it is no archive of a ledger, cannot be read, or turns out damaged while it is read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive, _manifest(json.loads(archive.read(MANIFEST)), path)
    except (zipfile.BadZipFile, zlib.error, KeyError, TypeError, AttributeError, ValueError, EOFError) as error:
        raise LedgerError(f"{path} is no archive of a ledger, or is damaged: {error}") from error
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error.strerror or error}") from error


def rows_of(archive: zipfile.ZipFile, name: str, table: ArchivedTable) -> Iterator[list[Any]]:
    """Yield the rows of a table; the last one only when number and digest of all are what the manifest says.

    :raises LedgerError: when they are not, or a row has another number of cells than the table has columns.
    """
    digest, count, width = hashlib.sha256(), 0, len(table.columns)
    last: list[Any] | None = None
    with archive.open(f"{name}.jsonl") as file:
        for line in file:
            digest.update(line)
            count += 1
            if last is not None:
                yield last
            last = json.loads(line)
            if not isinstance(last, list) or len(last) != width:
                raise LedgerError(f"{name}.jsonl, line {count}: no list of {width} cells")
    if (count, digest.hexdigest()) != (table.rows, table.sha256):
        raise LedgerError(
            f"{name}.jsonl is not what the manifest says: {count} rows with digest {digest.hexdigest()[:12]}, "
            f"and not {table.rows} with {table.sha256[:12]}"
        )
    if last is not None:
        yield last


def _manifest(value: Any, path: Path) -> Manifest:
    if not isinstance(value, dict):
        raise ValueError("its manifest is no object")
    if value.get("format") != FORMAT:
        raise LedgerError(f"{path}: the format is {value.get('format')!r}; this version reads {FORMAT}")
    return Manifest(
        made_by=value["made_by"],
        made_at=value["made_at"],
        ledger_id=value["ledger_id"],
        migrations=tuple(value["migrations"]),
        tables={
            name: ArchivedTable(tuple(table["columns"]), table["rows"], table["sha256"])
            for name, table in value["tables"].items()
        },
        heads={tenant: ChainHead(**head) for tenant, head in value["heads"].items()},
    )
