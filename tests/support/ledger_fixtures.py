"""Filled ledgers of every version, as SQL text: ``tests/data/ledgers/NNNN.sqlite.sql`` and ``NNNN.postgres.sql``.

``python -m tests.support.ledger_fixtures`` writes those that are missing, with the tables and columns that the newest
version has in common with that one. Write them with the change that adds a migration, and leave them alone afterwards:
they are what a user has on disk.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy

from billing_providers.ledger.ledger import Ledger
from billing_providers.ledger.statements import DIALECTS, migrations
from tests.support.ledger_filled import fill
from tests.support.ledger_rows import OWN, connected

FOLDER = Path(__file__).resolve().parents[1] / "data" / "ledgers"
WITH_SETTINGS, WITH_THINNED, WITH_PAGES = 3, 5, 6  # versions that brought these tables
_APPLIED = "2026-11-01T00:00:00.000000+00:00"
_ID = "f" * 32


def versions() -> list[int]:
    """Return the number of every migration."""
    return [step.version for step in migrations("sqlite")]


def path_of(version: int, dialect: str) -> Path:
    """Return where the filled ledger of a version is."""
    return FOLDER / f"{version:04d}.{dialect}.sql"


def load(url: str, version: int) -> None:
    """Make the ledger of a version in an empty database."""
    dialect = "sqlite" if url.startswith("sqlite") else "postgres"
    text = path_of(version, dialect).read_text(encoding="utf-8")
    with connected(url) as connection:
        driver: Any = connection.connection.dbapi_connection
        if dialect == "sqlite":
            driver.executescript(text)
        else:
            driver.execute(text)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _insert(table: str, columns: list[str], row: Any) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(map(_literal, row))})"


def _text(version: int, dialect: str, folder: Path) -> str:
    """Return the SQL of a filled ledger: schema by its migrations, rows by the newest code."""
    filled, schema = f"sqlite:///{folder}/filled.sqlite", f"sqlite:///{folder}/schema.sqlite"
    with Ledger.at(filled) as ledger:
        ledger.migrate()
        fill(
            ledger,
            settings=version >= WITH_SETTINGS,
            thinned=version >= WITH_THINNED,
            pages=version >= WITH_PAGES,
        )
    with connected(schema) as connection:
        for step in migrations("sqlite")[:version]:
            for statement in step.statements:
                connection.exec_driver_sql(statement)
        wanted = sqlalchemy.MetaData()
        wanted.reflect(connection)
    steps = migrations(dialect)[:version]
    statements = [statement for step in steps for statement in step.statements]
    statements.append(
        "CREATE TABLE billing_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, "
        "applied_at TEXT NOT NULL)"
    )
    statements += [
        _insert("billing_migrations", ["version", "name", "checksum", "applied_at"], row)
        for row in ((step.version, step.name, step.checksum, _APPLIED) for step in steps)
    ]
    statements.append(_insert("billing_ledger_identity", ["only_row", "ledger_id"], (1, _ID)))
    with connected(filled) as connection:
        for table in wanted.sorted_tables:
            if table.name not in OWN:
                columns = list(table.columns.keys())
                rows = connection.execute(sqlalchemy.select(table).order_by(*table.primary_key.columns))
                statements += [_insert(table.name, columns, row) for row in rows]
    return ";\n\n".join(statements) + ";\n"


def main() -> None:
    """Write what is missing."""
    for version in versions():
        for dialect in DIALECTS:
            if not path_of(version, dialect).exists():
                with tempfile.TemporaryDirectory() as folder:
                    path_of(version, dialect).write_text(_text(version, dialect, Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
