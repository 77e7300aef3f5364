"""The same rows as an exported billing report, with headers for people. The layout is ours."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.core.messages import json_number
from billing_providers.sandbox.world.records import UsageRow

if TYPE_CHECKING:
    from billing_providers.model.periods import BillingPeriod
    from billing_providers.sandbox.world import World

_SPELT = {"sku": "SKU"}
HEADERS = tuple(_SPELT.get(entry.name) or entry.name.replace("_", " ").title() for entry in fields(UsageRow))


def export_report(world: World, period: BillingPeriod, path: Path, kind: str = "csv") -> int:
    """Write the report of a period as ``csv`` (UTF-8 with a byte order mark) or ``xlsx``; return the row count.

    :raises ValueError: for another kind.
    """
    rows = world.usage(period)
    if kind == "csv":
        _write_csv(rows, path)
    elif kind == "xlsx":
        _write_xlsx(rows, path)
    else:
        raise ValueError(f"kind must be csv or xlsx, not {kind!r}")
    return len(rows)


def _cells(row: UsageRow) -> Iterable[Any]:
    return (getattr(row, entry.name) for entry in fields(UsageRow))


def _write_csv(rows: list[UsageRow], path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(HEADERS)
        writer.writerows(_cells(row) for row in rows)


def _write_xlsx(rows: list[UsageRow], path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Billing")
    sheet.append(HEADERS)
    for row in rows:
        sheet.append([json_number(cell) if isinstance(cell, Decimal) else cell for cell in _cells(row)])
    book.save(path)
