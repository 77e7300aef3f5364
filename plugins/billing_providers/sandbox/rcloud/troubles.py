"""What is wrong with a usage file on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from billing_providers.sandbox.rcloud.rows import FileRow
from billing_providers.sandbox.world.resale.backup_records import Month
from billing_providers.sandbox.world.resale.resale import Resale

Rows = list[FileRow]


def month_before(month: Month) -> Month:
    """Return the month before."""
    return Month(month.year, month.month - 1) if month.month > 1 else Month(month.year - 1, 12)


def rows_with(trouble: str, resale: Resale, month: Month) -> Rows:
    """Return the rows of a month with a trouble in them; an empty trouble is none.

    :raises ValueError: for an unknown trouble.
    """
    if trouble not in TROUBLES:
        raise ValueError(f"no trouble {trouble!r}; there are: {', '.join(filter(None, TROUBLES))}")
    return TROUBLES[trouble](resale, month)


def _rows(resale: Resale, month: Month) -> Rows:
    return [FileRow(row.client.name, row.client.managed_id, row.space, month) for row in resale.cloud(month)]


def _last_month(resale: Resale, month: Month) -> Rows:
    return _rows(resale, month_before(month))


def _relabelled(resale: Resale, month: Month) -> Rows:
    return [replace(row, month=month) for row in _last_month(resale, month)]


def _one_row_of_last_month(resale: Resale, month: Month) -> Rows:
    rows = _rows(resale, month)
    return [*rows[:-1], replace(rows[-1], month=month_before(month))]


def _repeated(resale: Resale, month: Month) -> Rows:
    rows = _rows(resale, month)
    return [*rows, rows[0]]


def _repeated_with_other_number(resale: Resale, month: Month) -> Rows:
    rows = _rows(resale, month)
    return [*rows, replace(rows[0], space=rows[0].space + Decimal("1.00"))]


def _first_as(cell: str) -> Callable[[Resale, Month], Rows]:
    def rows(resale: Resale, month: Month) -> Rows:
        first, *others = _rows(resale, month)
        return [replace(first, cell=cell), *others]

    return rows


def _negative(resale: Resale, month: Month) -> Rows:
    first, *others = _rows(resale, month)
    return [replace(first, space=-first.space), *others]


def _without_client(resale: Resale, month: Month) -> Rows:
    first, *others = _rows(resale, month)
    return [replace(first, client=""), *others]


def _heading_only(_resale: Resale, _month: Month) -> Rows:
    return []


# The last three concern the writing; their rows are those of the month.
_TROUBLES: tuple[tuple[str, Callable[[Resale, Month], Rows], str], ...] = (
    ("last_month", _last_month, "figures and labels of the month before"),
    ("relabelled", _relabelled, "figures of the month before under this month's label"),
    ("one_row_of_last_month", _one_row_of_last_month, "the last row is labelled with the month before"),
    ("repeated", _repeated, "the first client comes again, with the same number"),
    ("repeated_with_other_number", _repeated_with_other_number, "the first client comes again, with 1 GB more"),
    ("formula", _first_as("=1+2"), "the first space is a formula without a stored result"),
    ("error_cell", _first_as("#REF!"), "the first space is an error"),
    ("empty_cell", _first_as(""), "the first space is empty"),
    ("text_cell", _first_as("n/a"), "the first space is text"),
    ("negative", _negative, "the first space is negative"),
    ("without_client", _without_client, "the first row names no client"),
    ("heading_only", _heading_only, "no row below the heading"),
    ("half_written", _rows, "CSV ends inside a row, XLSX is no whole archive"),
    ("wrong_column", _rows, "Used Space stands where Billable Space belongs"),
    ("no_bytes", _rows, "the file is empty"),
)
TROUBLES = {"": _rows, **{name: rows for name, rows, _ in _TROUBLES}}
WORDS = {name: words for name, _, words in _TROUBLES}
