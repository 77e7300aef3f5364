"""Answers of the simulated MSP360 that are wrong on demand."""

from __future__ import annotations

from typing import Any

_LISTS = ("StatisticBilling", "UserDetailList", "Computers")
_TOTALS = ("CurrentSpaceUsed", "AverageSpaceUsed", "TotalRestore", "TotalBackupBytes", "TotalRestoreBytes", "Count")
_SIZES = ("AverageSpace", "SizeBackup")


def with_other_totals(content: Any, by: int) -> Any:
    """Raise every stated total of an answer; lists without totals stay as they are."""
    if isinstance(content, dict):
        content.update({name: content[name] + by for name in _TOTALS if name in content})
    return content


def shortened(content: Any, by: int) -> Any:
    """Drop the last rows of an answer; its totals stay."""
    if isinstance(content, list):
        return content[:-by]
    content.update({name: content[name][:-by] for name in _LISTS if name in content})
    return content


def lied(content: Any, delta: int) -> Any:
    """Change the sizes of all rows by so many bytes; totals stay."""
    for row in _rows(content):
        row.update({name: row[name] + delta for name in _SIZES if isinstance(row.get(name), int)})
    return content


def _rows(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, list):
        return content
    return [row for name in _LISTS for row in content.get(name, [])]
