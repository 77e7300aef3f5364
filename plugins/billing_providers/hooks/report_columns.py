"""Which column of a report is which of our fields, and its rows under their headings: what all file sources share.

Headings are compared without regard to case, blanks, hyphens and underscores. A heading that is missing or fits twice
is a settings error, as no row could be read; a row that does not fit its headings is a fault of that row alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from billing_providers.errors import SettingsError
from billing_providers.hooks.report_files import Refused, Sheet


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: cells by heading (refused ones empty), and why it cannot be read, as (heading, reason)."""

    number: int  # as people see it
    cells: Mapping[str, str]
    faults: Sequence[tuple[str, str]]

    @property
    def position(self) -> str:
        """Where to look it up."""
        return f"row {self.number}"


def heading_word(heading: str) -> str:
    """Return what is compared of a heading."""
    return re.sub(r"[\s_\-]+", "", heading).casefold()


def columns_of(
    headings: Sequence[str],
    wanted: Mapping[str, Sequence[str]],
    must: Collection[str],
    *,
    where: str,
    word: Callable[[str], str] = heading_word,
) -> dict[str, str]:
    """Return our field → heading as the file writes it.

    :param wanted: our field → the headings under which it may stand.
    :param must: fields that need a column.
    :param word: what is compared of a heading.
    :raises SettingsError: for two equal headings, several that fit one field, or a missing one, with the near ones.
    """
    seen: set[str] = set()
    for heading in filter(None, headings):
        if heading_word(heading) in seen:
            raise SettingsError("two columns have the same heading", where=where, key=heading)
        seen.add(heading_word(heading))
    columns = {}
    for field, names in wanted.items():
        words = {word(name) for name in names}
        found = [heading for heading in headings if heading and word(heading) in words]
        if len(found) > 1:
            raise SettingsError(
                "several columns fit; name one in field_map", where=where, key=field, allowed=", ".join(found)
            )
        if found:
            columns[field] = found[0]
        elif field in must:
            raise _missing(field, names, headings, where)
    return columns


def rows_of(sheet: Sheet, read: Collection[str], amounts: Collection[str] = ()) -> Iterator[SheetRow]:
    """Yield the rows under their headings.

    :param read: headings that are read; a refused cell under another one does no harm.
    :param amounts: headings under which a cell keeps telling that the spreadsheet holds it as a number.
    """
    for number, cells in sheet.rows:
        held: dict[str, Any] = {name: cell for name, cell in zip(sheet.headings, cells, strict=False) if name}
        faults = [(name, cell.why) for name, cell in held.items() if isinstance(cell, Refused) and name in read]
        if len(cells) != len(sheet.headings):
            faults.append(("row", f"has {len(cells)} cells under {len(sheet.headings)} headings"))
        texts = {
            name: "" if isinstance(cell, Refused) else cell if name in amounts else str(cell)
            for name, cell in held.items()
        }
        yield SheetRow(number, texts, faults)


def cut_off_why(sheet: Sheet, *, harmless: bool) -> str:
    """Say that the last cell may be a part of its text, where the file ends without a line end.

    :param harmless: whether nothing that is billed hangs on that cell.
    """
    if not sheet.open_end or harmless:
        return ""
    last = sheet.headings[-1]
    return f"the last row has no line end, so its {last} may be cut off; end the file with a line break"


def _missing(field: str, names: Sequence[str], headings: Sequence[str], where: str) -> SettingsError:
    near = next((found[0] for name in names if (found := get_close_matches(name, headings, 1, 0.5))), "")
    hint = f"; did you mean {near!r}?" if near else ""
    return SettingsError(
        f"no column has this heading{hint}",
        where=where,
        key=field,
        value=" or ".join(names),
        allowed=", ".join(filter(None, headings)),
    )
