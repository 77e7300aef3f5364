"""Bulk reads of BMS: every row once, or an error; never a part taken for the whole.

Pages start at 1. The server's largest page is not published; 100 is used in the wild. Calls that print
``totalRecords`` are checked against it, the others end with a short page. A list that changed while its pages were
read is read once more, then given up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from billing_providers.hooks.bms.envelope import Envelope
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.http.fields import Fields
from billing_providers.hooks.http.lists import ListChanged, each_once, twice_at_most

PAGE_ROWS = 100
_PAGES_MAX = 100_000

Page = Callable[[int], Envelope]


def listed(client: HttpClient, path: str, filters: dict[str, Any] | None = None) -> list[Fields]:
    """Read all pages of a GET list. ``filters`` go into the query as they are named there."""

    def page(number: int) -> Envelope:
        params = {**(filters or {}), "PageSize": PAGE_ROWS, "PageNumber": number}
        return client.call("GET", path, params=params)  # type: ignore[no-any-return]

    return twice_at_most(lambda: _all_rows(client, page))


def searched(
    client: HttpClient, path: str, filters: dict[str, Any] | None = None, *, values: dict[str, str] | None = None
) -> list[Fields]:
    """Read all pages of a POST search, which changes nothing and may be repeated."""

    def page(number: int) -> Envelope:
        body = {"pageSize": PAGE_ROWS, "pageNumber": number, "filter": filters or {}}
        return client.call("POST", path, values=values, json=body, repeatable=True)  # type: ignore[no-any-return]

    return twice_at_most(lambda: _all_rows(client, page))


def _all_rows(client: HttpClient, page: Page) -> list[Fields]:
    first = page(1)
    if first.total is None:
        return _until_short(first, page)
    rows = first.rows()
    if len(rows) >= PAGE_ROWS:
        pages = range(2, min(_PAGES_MAX, -(-first.total // PAGE_ROWS)) + 1)
        for envelope in client.map(page, pages):
            rows.extend(envelope.rows())
    if len(rows) != first.total:
        raise ListChanged(first.answer, f"{len(rows)} rows read, totalRecords says {first.total}")
    each_once(first.answer, rows)
    return rows


def _until_short(envelope: Envelope, page: Page) -> list[Fields]:
    first, rows, number = envelope, envelope.rows(), 1
    while len(envelope.rows()) >= PAGE_ROWS:
        number += 1
        envelope = page(number)
        rows.extend(envelope.rows())
        each_once(first.answer, rows)  # a server that ignores the page number would never end
    return rows
