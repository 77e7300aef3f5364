"""The pages of lists that the server keeps: the 50 most recent ones (seen in a digest of the vendor's help)."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import quote

from billing_providers.sandbox.autotask.errors import invalid

PAGES_KEPT = 50
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """The result of a query as it was when it was asked (assumed), and how it was asked.

    :param question: the body, or the text of ``search``; a further page needs the same one.
    """

    number: int
    entity: str
    method: str
    question: Any
    size: int
    rows: list[Record]


class PageStore:
    """Keeps results while one of their pages is among the most recent ones."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._kept: OrderedDict[tuple[int, int], Listed] = OrderedDict()

    def listed(self, entity: str, method: str, question: Any, size: int, rows: list[Record]) -> Listed:
        """Return a result under a new number."""
        return Listed(next(self._numbers), entity, method, question, size, rows)

    def answer(self, listed: Listed, start: int, zone_url: str) -> dict[str, Any]:
        """Return a page, and where the others are; a page after the last one is not offered (assumed)."""
        shown = listed.rows[start : start + listed.size]
        following = start + listed.size
        has_next = following < len(listed.rows)
        self._keep(listed, start)
        if has_next:
            self._keep(listed, following)
        return {
            "items": shown,
            "pageDetails": {
                "count": len(shown),
                "requestCount": listed.size,
                "prevPageUrl": _address(listed, max(0, start - listed.size), zone_url) if start else None,
                "nextPageUrl": _address(listed, following, zone_url) if has_next else None,
            },
        }

    def find(self, entity: str, question: Any, paging: str) -> tuple[Listed, int]:
        """Return the result and the first row of a page that was offered.

        :raises AtRefusal: 500 for a page that is no longer kept, and for another method or question (texts: assumed).
        """
        try:
            asked = json.loads(paging)
            key = (int(asked["query"]), int(asked["start"]))
        except (ValueError, KeyError, TypeError):
            raise invalid("The paging parameter is not valid.") from None
        listed = self._kept.get(key)
        if listed is None or listed.entity != entity:
            raise invalid("The page is no longer available.")
        if listed.question != question:  # a body is never equal to the text of an address
            raise invalid("A page must be requested with the method and the query of the first one.")
        return listed, key[1]

    def _keep(self, listed: Listed, start: int) -> None:
        self._kept[listed.number, start] = listed
        self._kept.move_to_end((listed.number, start))
        while len(self._kept) > PAGES_KEPT:
            self._kept.popitem(last=False)


def _address(listed: Listed, start: int, zone_url: str) -> str:
    paging = quote(json.dumps({"pageSize": listed.size, "query": listed.number, "start": start}, separators=(",", ":")))
    search = f"&search={quote(listed.question)}" if listed.method == "GET" else ""
    return f"{zone_url}V1.0/{listed.entity}/query/next?paging={paging}{search}"
