"""Runs the named queries in transactions, and says in the product's words what went wrong.

One store per ledger, shared by all its rooms and by the threads of a push. Reads see committed rows only;
writes are one durable transaction each.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any

from billing_providers.errors import LedgerError
from billing_providers.ledger.codec import Column, RowCodec
from billing_providers.ledger.engines import SQLITE_BEGIN, engine_at
from billing_providers.ledger.statements import Query, queries

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.engine import URL, Connection, CursorResult, Engine
    from sqlalchemy.sql.elements import TextClause

ROWS_AT_ONCE = 2_000  # more is slower: the rows leave the processor's cache before they become columns
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Transaction:
    """What can be done inside one transaction: named queries, by their names."""

    store: Store
    connection: Connection

    def run(self, name: str, /, **values: Any) -> int:
        """Run a statement and return how many rows it touched."""
        return self.connection.execute(self.store.text(name), values).rowcount

    def run_for_each(self, name: str, rows: Sequence[Values]) -> None:
        """Run a statement once for each row of values, in one go."""
        if rows:
            self.connection.execute(self.store.text(name), rows)

    def run_script_statement(self, sql: str) -> None:
        """Run one statement of a migration as it stands: the driver looks for no parameters in it."""
        self.connection.connection.cursor().execute(sql)

    def rows(self, name: str, /, **values: Any) -> list[dict[str, Any]]:
        """Return the rows of a query."""
        result = self.connection.execute(self.store.text(name), _no_list_empty(values))
        names = tuple(result.keys())
        return [dict(zip(names, cells, strict=True)) for cells in result]

    def row(self, name: str, /, **values: Any) -> dict[str, Any] | None:
        """Return the first row of a query, or ``None``."""
        found = self.rows(name, **values)
        return found[0] if found else None

    def each(self, name: str, /, **values: Any) -> Iterator[dict[str, Any]]:
        """Yield the rows of a query without holding all of them."""
        result = self._streamed(name, values)
        names = tuple(result.keys())
        for cells in result:
            yield dict(zip(names, cells, strict=True))

    def columns(self, name: str, codec: RowCodec[Any], /, **values: Any) -> dict[str, Column]:
        """Return many rows of a query as decoded columns."""
        result = self._streamed(name, values)
        decoders = codec.column_decoders()
        columns: dict[str, Column] = {column: [] for column in result.keys()}  # noqa: SIM118 - no mapping
        for part in result.partitions(ROWS_AT_ONCE):
            for (column, held), cells in zip(columns.items(), zip(*part, strict=True), strict=True):
                held.extend(map(decoders[column], cells))
        return columns

    def _streamed(self, name: str, values: Values) -> CursorResult[Any]:
        options = {"yield_per": ROWS_AT_ONCE}
        return self.connection.execute(self.store.text(name), _no_list_empty(values), execution_options=options)

    def write_rows(self, name: str, codec: RowCodec[Any], values: pd.DataFrame | Sequence[Any], **key: str) -> None:
        """Write many rows of one owner (``key``), numbered from 1, in bulk: INSERT by position, or COPY."""
        query, total = self.store.query(name), len(values)
        columns: dict[str, Iterable[Any]] = {**codec.encoded_columns(values), "row_no": range(1, total + 1)}
        columns.update({column: repeat(value, total) for column, value in key.items()})
        rows = zip(*(columns[column] for column in query.columns), strict=True)
        if query.sql.startswith("COPY"):
            with self.connection.connection.cursor().copy(query.sql) as copy:
                for row in rows:
                    copy.write_row(row)
            return
        while part := list(islice(rows, ROWS_AT_ONCE)):
            self.connection.exec_driver_sql(query.sql, part)


def _no_list_empty(values: Values) -> Values:
    """Put a NULL into empty lists: ``IN (NULL)`` finds nothing of whatever type."""
    return {name: [None] if isinstance(value, list) and not value else value for name, value in values.items()}


class Store:
    """The database of one ledger. Safe for threads; made anew in every process."""

    def __init__(self, url: str | URL) -> None:
        self.engine: Engine = engine_at(url)
        self.dialect = "sqlite" if self.engine.dialect.name == "sqlite" else "postgres"
        self._queries = queries(self.dialect)
        self._texts: dict[str, TextClause] = {}
        # SQLite has one writer: threads queue here, fairly and without polling the file's lock.
        self._turn: AbstractContextManager[Any] = threading.Lock() if self.dialect == "sqlite" else nullcontext()

    @property
    def place(self) -> str:
        """Where the ledger is, for people: without user and password."""
        url = self.engine.url
        return str(url.database) if self.dialect == "sqlite" else f"{url.database} on {url.host or 'this machine'}"

    def query(self, name: str) -> Query:
        """Return a named query."""
        return self._queries[name]

    def text(self, name: str) -> TextClause:
        """Return a named query ready to run; parameters after ``IN`` take lists."""
        from sqlalchemy import bindparam, text

        if name not in self._texts:
            statement = text(self._queries[name].sql)
            lists = [
                word[1:] for part in self._queries[name].sql.split(" IN ")[1:] if (word := part.split()[0])[0] == ":"
            ]
            self._texts[name] = statement.bindparams(*(bindparam(key, expanding=True) for key in lists))
        return self._texts[name]

    def close(self) -> None:
        """Close every connection; the store opens new ones when it is used again."""
        self.engine.dispose()

    @contextmanager
    def reading(self, purpose: str, *, one_view: bool = False) -> Iterator[Transaction]:
        """Open a transaction that only reads. ``purpose`` completes "cannot …" in an error.

        :param one_view: whether all its queries see the same state, whatever others commit meanwhile.
        :raises LedgerError: when the database does not answer or refuses.
        """
        # In SQLite a transaction has one view anyway.
        options = {"isolation_level": "REPEATABLE READ"} if one_view and self.dialect == "postgres" else {}
        with self._domain_errors(purpose), self.engine.connect() as connection:
            yield Transaction(self, connection.execution_options(**options))

    @contextmanager
    def writing(self, purpose: str) -> Iterator[Transaction]:
        """Open a transaction that is durable when the block ends and undone when it raises.

        :raises LedgerError: when the database does not answer or refuses; nothing was written then.
        """
        with self._domain_errors(purpose), self._turn, self.engine.connect() as connection:
            writer = connection.execution_options(**{SQLITE_BEGIN: "BEGIN IMMEDIATE"})
            with writer.begin():
                yield Transaction(self, writer)

    @contextmanager
    def _domain_errors(self, purpose: str) -> Iterator[None]:
        from sqlalchemy.exc import SQLAlchemyError

        driver = self.engine.dialect.loaded_dbapi
        try:
            yield
        except (SQLAlchemyError, driver.Error, UnicodeError) as error:
            cause = getattr(error, "orig", None) or error
            reason = (str(cause).strip() or type(cause).__name__).splitlines()[0]
            raise LedgerError(f"the ledger ({self.place}) cannot {purpose}: {reason}") from error
