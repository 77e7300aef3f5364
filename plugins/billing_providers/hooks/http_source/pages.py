"""Walks the pages of one list: each once, on the same server, until the vendor says that it ends.

A list that goes by page number or offset ends with an empty page, a stated number of pages, or once the stated number
of rows was read; a page that is merely short ends nothing, as servers cap the size that was asked for. A page that
repeats an earlier one, a cursor that comes back, a link to another server, or too many pages are errors.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from billing_providers.errors import RequestError, UnreadableAnswer
from billing_providers.hooks.http.answers import Answer
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.http_source.paging import Paging
from billing_providers.hooks.http_source.request import Filled
from billing_providers.hooks.usage_fields import RowFault, number_of, value_at

_NEXT_LINK = re.compile(
    r"<([^<>]*)>[^<>]*;\s*rel=\"?(?:[^\",;]*\s)?next(?:\s[^\",;]*)?\"?(?=\s*(?:[,;]|$))", re.IGNORECASE
)
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Received:
    """One answer and its JSON, read within the call, so that an answer that broke off is asked for again."""

    body: Any
    answer: Answer

    @classmethod
    def of(cls, answer: Answer) -> Received:
        """Take the JSON out of an answer."""
        return cls(answer.json(), answer)


@dataclass(frozen=True, slots=True)
class Page:
    """One answer and the rows in it."""

    body: Any
    rows: list[Any]
    answer: Answer

    def value(self, name: str) -> Any:
        """Return what the answer has under a dotted name; None when absent."""
        return value_at(self.body, name) if isinstance(self.body, Mapping) else None

    def has(self, name: str) -> bool:
        """Whether the name is there, with or without a value."""
        parent, _, last = name.rpartition(".")
        if not isinstance(self.body, Mapping):
            return False
        holder = value_at(self.body, parent) if parent else self.body
        return name in self.body or (isinstance(holder, Mapping) and last in holder)

    def whole(self, name: str) -> int | None:
        """Return a stated number, None when there is none.

        :raises UnreadableAnswer: when it is no whole number.
        """
        try:
            found = number_of(self.value(name), name)
        except RowFault as fault:
            raise self.error(str(fault)) from None
        if found is None or found == found.to_integral_value():
            return None if found is None else int(found)
        raise self.error(f"{name} is {found}, expected a whole number")

    def error(self, problem: str) -> RequestError:
        """Return the error for an answer that does not fit."""
        return self.answer.error(UnreadableAnswer, problem)


class PageWalk:
    """Reads the pages of one request.

    :param rows: dotted name of the list in an answer; empty: the answer is the list.
    :param record_count: dotted name of the stated number of rows; empty: not stated.
    """

    def __init__(self, client: HttpClient, method: str, paging: Paging, *, rows: str, record_count: str) -> None:
        self._client = client
        self._method = method
        self._paging = paging
        self._rows = rows
        self._record_count = record_count

    def pages(self, request: Filled) -> Iterator[Page]:
        """Yield every page.

        :raises RequestError: when one cannot be read, or the list does not come to an end.
        """
        step: Filled | None = self._first_step(request)
        seen: dict[object, int] = {}
        number = rows_read = 0
        while step is not None:
            number += 1
            page = self.page(step)
            self._once(seen, _content_key(page), number, page)
            rows_read += len(page.rows)
            yield page
            step = self._following(page, request, number, rows_read)
            if step is not None:
                self._once(seen, _step_key(step), number, page)
                if number >= self._paging.pages_max:
                    raise page.error(f"the list goes on after {number} pages, more than pages_max allows")

    def page(self, step: Filled) -> Page:
        """Read one page."""
        received: Received = self._client.call(
            self._method, step.path, values=step.values, params=step.params, json=step.body, repeatable=True
        )
        body, answer = received.body, received.answer
        rows = body if not self._rows else value_at(body, self._rows) if isinstance(body, Mapping) else None
        if isinstance(rows, list):
            return Page(body, rows, answer)
        has = ", ".join(body) if isinstance(body, Mapping) else type(body).__name__
        named = f"no list {self._rows!r} in the answer" if self._rows else "the answer is no list"
        raise answer.error(UnreadableAnswer, f"{named} (it has {has or 'nothing'}); see the option rows")

    def first(self, request: Filled) -> Page:
        """Read the first page alone."""
        return self.page(self._first_step(request))

    def _first_step(self, request: Filled) -> Filled:
        by_number = self._paging.kind in {"page", "offset"}
        return self._at(request, self._paging.first) if by_number else request

    def _at(self, request: Filled, value: object) -> Filled:
        """Return the request of the page with this number, offset or cursor."""
        paging = self._paging
        added: dict[str, object] = {paging.param: value}
        if paging.size is not None:
            added[paging.size_param] = paging.size
        if paging.place == "body":
            return replace(request, body={**(request.body or {}), **added})
        return replace(request, params={**request.params, **added})

    def _following(self, page: Page, request: Filled, number: int, rows_read: int) -> Filled | None:
        kind = self._paging.kind
        if kind == "none":
            return None
        if kind in {"cursor", "link"}:
            told = self._told_next(page)
            if told is None:
                return None
            return self._at(request, told) if kind == "cursor" else self._linked(page, told)
        if self._ends(page, number, rows_read):
            return None
        return self._at(request, self._paging.first + (number if kind == "page" else rows_read))

    def _ends(self, page: Page, number: int, rows_read: int) -> bool:
        """Whether a list by number or offset ends with this page."""
        if self._paging.pages:
            pages = page.whole(self._paging.pages)
            if pages is None:
                raise page.error(f"there is no number of pages {self._paging.pages!r} in the answer")
            if number < pages and not page.rows:
                raise page.error(f"page {number} of {pages} is empty")
            return number >= pages
        stated = page.whole(self._record_count) if self._record_count else None
        return not page.rows or (stated is not None and rows_read >= stated)

    def _told_next(self, page: Page) -> str | None:
        """Return the next cursor or link, None at the end of the list."""
        paging = self._paging
        if paging.place == "header":
            found = _NEXT_LINK.search(page.answer.headers.get("Link", ""))
            return found[1] if found else None
        told = page.value(paging.next)
        if told is None and not page.has(paging.next) and not paging.may_be_absent:
            problem = f"there is no {paging.next!r} in the answer, so nobody knows whether the list goes on"
            raise page.error(f"{problem}; if the vendor leaves it out on the last page, set paging.end to absent")
        if told is None or told == "":
            return None
        if isinstance(told, str | int) and not isinstance(told, bool):
            return str(told)
        raise page.error(f"{paging.next} is {told!r}, expected a text")

    def _linked(self, page: Page, link: str) -> Filled:
        """Return the request of a link, which must lead below the connection's base URL: headers travel with it."""
        base = self._client.base_url
        try:
            parts, own = urlsplit(urljoin(page.answer.url, link)), urlsplit(base)
        except ValueError:
            raise page.error(f"the next link {link!r} is no link") from None
        same = (parts.scheme, parts.netloc) == (own.scheme, own.netloc) and parts.path.startswith(f"{own.path}/")
        if not same:
            raise page.error(f"the next link leads to {parts.scheme}://{parts.netloc}{parts.path}, not below {base}")
        query = parse_qsl(parts.query, keep_blank_values=True)
        if len(dict(query)) != len(query):
            raise page.error("the next link names one parameter twice, which is not supported")
        path = parts.path.removeprefix(own.path).replace("{", "%7B").replace("}", "%7D")
        return Filled(path, {}, dict(query), None)

    def _once(self, seen: dict[object, int], key: object, number: int, page: Page) -> None:
        """A page or a step that comes again would be billed again."""
        if key is _MISSING:
            return
        if key in seen:
            raise page.error(f"page {number} repeats page {seen[key]}; see the option paging")
        seen[key] = number


def _content_key(page: Page) -> object:
    if not page.rows:
        return _MISSING
    text = json.dumps(page.rows, sort_keys=True, default=str)
    return "rows", hashlib.sha256(text.encode()).digest()


def _step_key(step: Filled) -> object:
    return "step", step.shown_path, json.dumps([dict(step.params), step.body], sort_keys=True, default=str)
