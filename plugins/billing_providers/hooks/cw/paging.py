"""Bulk reads: every row once, or an error; never a part taken for the whole.

Pages hold at most 1000 rows (seen: the vendor's page on paging). Forward-only paging is asked for with the header
``pagination-type: forward-only``: rows come by id, and each answer links to the next with ``pageId``; without a link it
was the last (seen in one public client). Where a list does not offer it, pages are counted from 1 and sorted by id.
Some servers answer an unknown name in ``fields`` with no rows at all (seen in one note), so lists on which decisions
rest are held against ``/count``; a list that changed meanwhile is read once more, then given up.
"""

from __future__ import annotations

from collections.abc import Mapping

from billing_providers.errors import BadRequest, Forbidden
from billing_providers.hooks.cw.answers import CwAnswer
from billing_providers.hooks.cw.api import CwApi
from billing_providers.hooks.http.answers import Answer
from billing_providers.hooks.http.fields import Fields
from billing_providers.hooks.http.lists import ListChanged, each_once, twice_at_most

PAGE_ROWS = 1000
_FORWARD = {"pagination-type": "forward-only"}

Query = dict[str, object]


def listed(
    api: CwApi,
    path: str,
    *,
    values: Mapping[str, str] | None = None,
    params: Mapping[str, object] | None = None,
    counted: bool = False,
) -> list[Fields]:
    """Read all rows of a list.

    :param path: template of the list.
    :param params: further query, above all ``fields`` and ``conditions``.
    :param counted: hold the number of rows against ``/count``, which costs one call.
    :raises UnreadableAnswer: when the list is not complete after a second try.
    """
    reading = _Reading(api, path, dict(values or {}), {"pageSize": PAGE_ROWS, **(params or {})})
    return twice_at_most(lambda: reading.whole(counted=counted))


def count_of(
    api: CwApi, path: str, *, values: Mapping[str, str] | None = None, conditions: object = None
) -> tuple[int, Answer] | None:
    """Return how many rows a list has, with the answer that said so; None where the role may not ask."""
    params = {"conditions": conditions} if conditions else {}
    try:
        told = api.call("GET", f"{path}/count", values=values, params=params)
    except (BadRequest, Forbidden):
        return None
    count = told.row().get("count")
    if isinstance(count, bool) or not isinstance(count, int):
        raise told.row().unreadable("count", "an integer")
    return count, told.answer


class _Reading:
    """One list, read once or twice."""

    def __init__(self, api: CwApi, path: str, values: dict[str, str], query: Query) -> None:
        self._api, self._path, self._values, self._query = api, path, values, query

    def whole(self, *, counted: bool) -> list[Fields]:
        rows = self._forward()
        if rows is None:
            rows = self._counting_pages()
        if counted:
            told = count_of(self._api, self._path, values=self._values, conditions=self._query.get("conditions"))
            if told is not None and len(rows) < told[0]:
                raise ListChanged(told[1], f"{len(rows)} rows read, {self._path}/count says {told[0]}")
        return rows

    def _forward(self) -> list[Fields] | None:
        """Follow the links with ``pageId``; None when the list goes on without offering them."""
        page = self._page({}, _FORWARD)
        rows = page.rows()
        if "pageId" not in page.next_page() and _goes_on(page):
            return None
        while (page_id := page.next_page().get("pageId", "")) != "":
            page = self._page({"pageId": page_id}, _FORWARD)
            rows.extend(page.rows())
            each_once(page.answer, rows)  # a server that repeats itself would never end
        each_once(page.answer, rows)
        return rows

    def _counting_pages(self) -> list[Fields]:
        rows: list[Fields] = []
        number = 0
        while True:
            number += 1
            page = self._page({"orderBy": "id asc", "page": number}, {})
            rows.extend(page.rows())
            each_once(page.answer, rows)
            if not page.rows() or not _goes_on(page):
                return rows

    def _page(self, position: Query, headers: dict[str, str]) -> CwAnswer:
        return self._api.call(
            "GET", self._path, values=self._values, params={**self._query, **position}, headers=headers
        )


def _goes_on(page: CwAnswer) -> bool:
    """Whether counted pages follow: the server links to one, or this one is full and no link was to be had."""
    return bool(page.next_page()) or len(page.rows()) >= PAGE_ROWS
