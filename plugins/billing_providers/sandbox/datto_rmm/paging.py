"""Pages of the simulated Datto RMM: ``page`` from 0, ``max`` rows, and the whole address of the next page."""

from __future__ import annotations

import re
from typing import Any, TypeVar
from urllib.parse import urlencode

from billing_providers.sandbox.core.messages import Request
from billing_providers.sandbox.datto_rmm.errors import DattoRefusal

T = TypeVar("T")
_NUMBER = re.compile(r"\d{1,9}")


def page_of(
    request: Request, prefix: str, query: dict[str, str], rows: list[T], largest: int
) -> tuple[dict[str, Any], list[T]]:
    """Return the details of the page that is asked for, and its rows.

    :param prefix: the system's own, before the path of the request.
    :param largest: of rows in a page; also what a page holds when nothing is asked for.
    """
    page = number_of(query, "page", 0)
    size = min(number_of(query, "max", largest), largest)
    if size == 0:
        raise DattoRefusal(400)
    first = page * size
    shown = rows[first : first + size]

    def address(number: int) -> str:
        asked = urlencode({**query, "max": size, "page": number})
        return f"http://{request.headers.get('host', '')}{prefix}{request.path}?{asked}"

    details = {
        "count": len(shown),
        "totalCount": len(rows),
        "prevPageUrl": address(page - 1) if page else None,
        "nextPageUrl": address(page + 1) if first + size < len(rows) else None,
    }
    return details, shown


def number_of(query: dict[str, str], name: str, usual: int) -> int:
    """Return a number of the query, or the usual one where it is absent."""
    text = query.get(name)
    if text is None:
        return usual
    if not _NUMBER.fullmatch(text):
        raise DattoRefusal(400)
    return int(text)
