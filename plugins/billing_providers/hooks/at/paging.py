"""Bulk reads: every row once and of those that were asked for, or an error; never a part taken for the whole.

``POST /{entity}/query`` answers at most 500 rows, and in ``nextPageUrl`` where the next ones are, to be asked for with
the same method and body (seen in one client); the server keeps the 50 most recent pages (seen, second hand). For more
than one page ``id`` must be among the fields (seen: the vendor's help). ``pageDetails.count`` is the number of rows of
the page (inferred), so a page with fewer was cut. Lists on which decisions rest are held against ``query/count``; one
that changed meanwhile is read once more, then given up.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from billing_providers.errors import UnreadableAnswer
from billing_providers.hooks.at.answers import AtAnswer
from billing_providers.hooks.at.query import Query
from billing_providers.hooks.at.tenant import AtTenant
from billing_providers.hooks.http.fields import Fields

PAGE_ROWS = 500
_ID = re.compile(r"-?[0-9]{1,19}")  # int64 in the API description; ids go into filters as numbers
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./-]+")


class _ListChanged(Exception):
    def __init__(self, told: AtAnswer, problem: str) -> None:
        super().__init__(problem)
        self.told = told


def listed(tenant: AtTenant, query: Query, *, counted: bool = False) -> list[Fields]:
    """Read all rows of a query.

    :param counted: hold the number of rows against ``query/count``, which costs one call.
    :raises SettingsError: when the entity lacks a field of the query; nothing is sent then.
    :raises UnreadableAnswer: when the list is not complete after a second try, or holds a row that was not asked for.
    """
    tenant.metadata.check(query)
    try:
        return _whole(tenant, query, counted=counted)
    except _ListChanged:
        pass
    try:
        return _whole(tenant, query, counted=counted)
    except _ListChanged as changed:
        raise changed.told.answer.error(UnreadableAnswer, f"the list is not complete: {changed}") from None


def count_of(tenant: AtTenant, query: Query) -> tuple[int, AtAnswer]:
    """Return how many rows a query has, with the answer that said so."""
    path, body = f"/{query.entity}/query/count", {"filter": query.filter()}
    told = tenant.api.call("POST", path, entity=query.entity, json=body, repeatable=True)
    count = told.whole().get("queryCount")
    if isinstance(count, bool) or not isinstance(count, int):
        raise told.whole().unreadable("queryCount", "an integer")
    return count, told


def _whole(tenant: AtTenant, query: Query, *, counted: bool) -> list[Fields]:
    body = {"MaxRecords": PAGE_ROWS, "IncludeFields": list(query.names()), "filter": query.filter()}
    rows: list[Fields] = []
    seen: set[str] = set()
    promised = 0
    path = f"/{query.entity}/query"
    params: dict[str, Any] = {}
    while path:
        told = tenant.api.call("POST", path, entity=query.entity, params=params, json=body, repeatable=True)
        page = _page(told, query)
        seen.update(_id(row) for row in page)
        rows += page
        promised = max(promised, _promised(told))
        if len(seen) != len(rows):  # a row that comes twice means that another one slipped through
            raise _ListChanged(told, "it changed while its pages were read (a row came twice)")
        path, params = _next_page(tenant, told, query)
        if path and not page:  # else its pages might never end
            raise _ListChanged(told, "a page without rows names a next one")
    if len(rows) < promised:
        raise _ListChanged(told, f"{len(rows)} rows read, a page says that it has {promised}")
    if counted:
        count, told = count_of(tenant, query)
        if len(rows) < count:
            raise _ListChanged(told, f"{len(rows)} rows read, {query.entity}/query/count says {count}")
    return rows


def _page(told: AtAnswer, query: Query) -> list[Fields]:
    rows = told.rows()
    for row in rows:
        if not query.fits(row):
            problem = f"the server ignored the filter: row {row.identity('id')} does not fit {query.filter()}"
            raise told.answer.error(UnreadableAnswer, problem)
    return rows


def _id(row: Fields) -> str:
    own_id = row.identity("id")
    if not _ID.fullmatch(own_id):
        raise row.unreadable("id", "a whole number")
    return own_id


def _promised(told: AtAnswer) -> int:
    count = told.whole().inner("pageDetails").get("count")
    return count if isinstance(count, int) else 0


def _next_page(tenant: AtTenant, told: AtAnswer, query: Query) -> tuple[str, dict[str, Any]]:
    """Return path and query of the next page, empty after the last.

    :raises UnreadableAnswer: when it lies elsewhere than below the zone: keys are sent to no other place.
    """
    url = told.whole().inner("pageDetails").text("nextPageUrl")
    if not url:
        return "", {}
    zone, parts = urlsplit(tenant.api.zone.current()), urlsplit(url)
    below = f"{zone.path}/v1.0".casefold()
    path = parts.path[len(below) :]
    same = (parts.scheme, parts.netloc.casefold()) == (zone.scheme, zone.netloc)
    ours = parts.path.casefold().startswith(below) and path.casefold().startswith(f"/{query.entity}/query".casefold())
    if not same or not ours or not _PLAIN_PATH.fullmatch(path) or ".." in path:
        raise told.answer.error(UnreadableAnswer, f"the next page lies outside the zone: {url.partition('?')[0]}")
    return path, dict(parse_qsl(parts.query, keep_blank_values=True))
