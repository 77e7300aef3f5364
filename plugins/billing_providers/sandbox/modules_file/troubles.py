"""What is wrong with a metrics file on demand. One ordinary customer's first row is the one that suffers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from billing_providers.sandbox.modules_file.rows import FileRow
from billing_providers.sandbox.world.modules.modules import Modules

Rows = list[FileRow]
SUFFERING = "Kendal Mint Works"
GONE_MODULE = "SaaS Protection"


def rows_with(trouble: str, modules: Modules, year: int, month: int) -> Rows:
    """Return the rows of a month with a trouble in them; an empty trouble is none.

    :raises ValueError: for an unknown trouble.
    """
    if trouble not in TROUBLES:
        raise ValueError(f"no trouble {trouble!r}; there are: {', '.join(filter(None, TROUBLES))}")
    return TROUBLES[trouble](modules, _last_day(year, month))


def _rows(modules: Modules, day: date) -> Rows:
    return [
        FileRow(day, row.module, row.organization, row.billing_type, row.count)
        for row in modules.metrics(day.year, day.month)
    ]


def _last_month(modules: Modules, day: date) -> Rows:
    return _rows(modules, day.replace(day=1) - timedelta(days=1))


def _relabelled(modules: Modules, day: date) -> Rows:
    return [replace(row, day=day) for row in _last_month(modules, day)]


def _several_days(modules: Modules, day: date) -> Rows:
    rows = _rows(modules, day)
    day_before = [replace(row, day=day - timedelta(days=1), count=row.count + 1) for row in rows]
    return [*day_before, *rows]


def _module_gone(modules: Modules, day: date) -> Rows:
    return [row for row in _rows(modules, day) if row.module != GONE_MODULE]


def _heading_only(_modules: Modules, _day: date) -> Rows:
    return []


def _suffering(change: Callable[[FileRow], Rows]) -> Callable[[Modules, date], Rows]:
    def rows(modules: Modules, day: date) -> Rows:
        made = _rows(modules, day)
        place = next(place for place, row in enumerate(made) if row.organization == SUFFERING)
        return [*made[:place], *change(made[place]), *made[place + 1 :]]

    return rows


def _with(**changes: object) -> Callable[[Modules, date], Rows]:
    return _suffering(lambda row: [replace(row, **changes)])  # type: ignore[arg-type]


# The last five concern the writing; their rows are those of the month.
_TROUBLES: tuple[tuple[str, Callable[[Modules, date], Rows], str], ...] = (
    ("last_month", _last_month, "figures and dates of the month before"),
    ("relabelled", _relabelled, "figures of the month before under this month's date"),
    (
        "other_date",
        _suffering(lambda row: [replace(row, day=row.day.replace(day=1) - timedelta(days=1))]),
        "one row is dated in the month before",
    ),
    ("several_days", _several_days, "every row twice: for the last day and the day before, with other counts"),
    ("module_gone", _module_gone, "no row of SaaS Protection"),
    ("unknown_module", _with(module="Kaseya Toaster"), "a module that nobody knows"),
    ("negative", _suffering(lambda row: [replace(row, count=-row.count)]), "a count below zero"),
    ("fractional", _suffering(lambda row: [replace(row, count=row.count + Decimal("0.5"))]), "half a unit more"),
    ("repeated", _suffering(lambda row: [row, row]), "a row comes again, with the same count"),
    (
        "repeated_with_other_count",
        _suffering(lambda row: [row, replace(row, count=row.count + 1)]),
        "a row comes again, with one more",
    ),
    ("without_organization", _with(organization=""), "a row names no organization"),
    ("without_billing_type", _with(billing_type=""), "a row names no billing type"),
    ("truth", _with(cell="True"), "a count is True, as of a billing type that is on or off"),
    ("empty_cell", _with(cell=""), "a count is empty"),
    ("text_cell", _with(cell="n/a"), "a count is text"),
    ("formula", _with(cell="=SUM(D2:D3)"), "a count is a formula without a stored result"),
    ("error_cell", _with(cell="#REF!"), "a count is an error"),
    ("heading_only", _heading_only, "no row below the heading"),
    ("missing_column", _rows, "there is no column of counts"),
    ("wrong_column", _rows, "Quantity Used stands where Count belongs"),
    ("half_written", _rows, "CSV ends inside a row, XLSX is no whole archive"),
    ("no_bytes", _rows, "the file is empty"),
)
TROUBLES = {"": _rows, **{name: rows for name, rows, _ in _TROUBLES}}
WORDS = {name: words for name, _, words in _TROUBLES}


def _last_day(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
