"""Reads of Datto RMM's API: within the budget, whole lists out of pages, and a 403 that is told apart.

- Seen (vendor's OpenAPI): lists come in pages with ``pageDetails.nextPageUrl`` and ``totalCount``;
  ``GET /v2/system/pagination`` tells the largest page. A 403 is answered to who lacks a right; clients report the same
  403 for five minutes to who sent too many requests.
- So a 403 whose text does not tell is followed by one question, ``GET /v2/system/request_rate``, which needs no right:
  if that is refused too, everything is. Nothing is sent again before the five minutes are over.
- ``nextPageUrl`` is absolute. Only its query is used: the token never goes to another host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from urllib.parse import parse_qsl, urlsplit

from billing_providers.errors import (
    BudgetExhausted,
    Forbidden,
    RateLimited,
    RequestError,
    UnreadableAnswer,
)
from billing_providers.hooks.connections import ConnectionFields
from billing_providers.hooks.drmm.answers import Reply, read_reply
from billing_providers.hooks.drmm.budget import BLOCK_S, WINDOW_S, Blocked, ReadBudget, shared_budget
from billing_providers.hooks.drmm.sign_in import DrmmSignIn
from billing_providers.hooks.http.client import Clocks, HttpClient
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.fields import Fields
from billing_providers.hooks.http.repeats import Limits
from billing_providers.hooks.http.sign_in import RenewedToken

REQUEST_RATE = "/api/v2/system/request_rate"
PAGINATION = "/api/v2/system/pagination"
PAGE_SIZE_MAX = 250  # seen in clients; a server that tells less is obeyed
_PAGES_MAX = 10_000
_TRIES = 2  # a device that is enrolled while pages are read shifts them once
_VERSIONED = re.compile(r"/api(/v2)?$")  # both are in addresses that people copy
_BLOCK_WORDS = re.compile(r"too many|rate.?limit|throttl|blocked|temporarily|exceeded", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Listing:
    """A whole list. ``short_why`` says why rows are missing; ``read_at`` is the server's clock, where it tells."""

    rows: list[Fields]
    short_why: str
    read_at: datetime | None


class DrmmApi:
    """Reads one account. Calls go one after the other: the limit is the account's, not the line's."""

    def __init__(self, client: HttpClient, budget: ReadBudget) -> None:
        self.client, self._budget = client, budget
        self._page_size = 0
        self._reading = Lock()

    def read(self, path: str, params: Mapping[str, object] | None = None) -> Reply:
        """Send one read.

        :raises Forbidden: when the key lacks the right.
        :raises RateLimited: when this address is blocked, or the limit was reached in spite of everything.
        :raises BudgetExhausted: when it was blocked a moment ago; nothing is sent.
        """
        with self._reading:
            if self._budget.wants_to_ask:
                self._learn(self._sent(REQUEST_RATE))
            return self._sent(path, params)

    def listing(self, path: str, name: str, params: Mapping[str, object] | None = None) -> Listing:
        """Return all rows of a list; read again once when they are fewer or more than the server counts.

        :param name: under which the rows stand.
        """
        for _ in range(_TRIES):
            found = self._all_pages(path, name, dict(params or {}))
            if not found.short_why:
                break
        return found

    def _all_pages(self, path: str, name: str, params: dict[str, object]) -> Listing:
        fixed = {**params, "max": self._largest_page()}
        rows: dict[str, Fields] = {}
        seen: set[str] = set()
        asked: dict[str, object] = fixed
        while True:
            reply = self.read(path, asked)
            for row in reply.rows(name):
                rows[_identity(row) or f"without id, {len(rows)}"] = row
            page = reply.fields.inner("pageDetails")
            following = page.text("nextPageUrl")
            if not following:
                break
            if following in seen or len(seen) >= _PAGES_MAX:
                raise reply.answer.error(UnreadableAnswer, f"the pages of {name} do not end")
            seen.add(following)
            asked = {**dict(parse_qsl(urlsplit(following).query)), **fixed}
        stated = page.number("totalCount")
        short = stated is not None and stated != len(rows)
        why = f"Datto RMM counts {stated} {name}, {len(rows)} came" if short else ""
        return Listing(list(rows.values()), why, reply.answer.server_time)

    def _largest_page(self) -> int:
        if not self._page_size:
            told = self.read(PAGINATION).fields.number("max")
            self._page_size = min(int(told), PAGE_SIZE_MAX) if told is not None and told >= 1 else PAGE_SIZE_MAX
        return self._page_size

    def _sent(self, path: str, params: Mapping[str, object] | None = None) -> Reply:
        try:
            self._budget.take()
        except Blocked as blocked:
            problem = f"nothing was sent: Datto RMM blocks this address for another {blocked.wait_s:.0f} s"
            raise self.client.voice.error(BudgetExhausted, problem, method="GET", url=self._url(path)) from None
        before = self.client.calls.total()
        try:
            reply: Reply = self.client.call("GET", path, params=params)
        except RateLimited:
            self._budget.block(WINDOW_S)
            raise
        except Forbidden as refusal:
            raise self._explained(refusal, path) from None
        finally:
            self._budget.add(max(0, self.client.calls.total() - before - 1))
        return reply

    def _learn(self, told: Reply) -> None:
        limit, used = told.fields.number("accountRateLimit"), told.fields.number("accountCount")
        window_s, cut_off = told.fields.number("slidingTimeWindowSizeSeconds"), told.fields.number("accountCutOffRatio")
        if limit is None or limit < 1:
            raise told.fields.unreadable("accountRateLimit", "a number of requests")
        self._budget.learn(int(limit), float(window_s or WINDOW_S), int(used or 0), cut_off)

    def _explained(self, refusal: Forbidden, path: str) -> RequestError:
        """Say whether a right is missing or everything is refused."""
        if path == REQUEST_RATE or _BLOCK_WORDS.search(refusal.body) or self._refuses_everything():
            self._budget.block()
            problem = (
                "HTTP 403 for everything: Datto RMM blocks an address for five minutes after too many requests. "
                "Wait, then clear the task; if it stays, the address is not on the account's list of allowed ones"
            )
            return self._told(refusal, RateLimited, problem, retry_after_s=BLOCK_S)
        problem = f"HTTP 403: the API key may not read {path.removeprefix('/api')}; give its user access to all sites"
        return self._told(refusal, Forbidden, problem)

    def _refuses_everything(self) -> bool:
        try:
            self._learn(self.client.call("GET", REQUEST_RATE))
        except RequestError:
            return True  # without an answer nobody knows, and asking on would prolong a block
        finally:
            self._budget.add(1)
        return False

    def _told(
        self, refusal: Forbidden, kind: type[RequestError], problem: str, retry_after_s: float | None = None
    ) -> RequestError:
        return self.client.voice.error(
            kind,
            problem,
            method=refusal.method,
            url=refusal.url,
            status=refusal.status,
            request_id=refusal.request_id,
            body=refusal.body,
            retry_after_s=retry_after_s,
        )

    def _url(self, path: str) -> str:
        return f"{self.client.base_url}{path}"


def api_of(fields: ConnectionFields, voice: ErrorVoice, limits: Limits, clocks: Clocks) -> DrmmApi:
    """Return the API of a connection; nothing is sent yet.

    :raises SettingsError: for a host that may not be used; code 21 when key or secret is empty.
    """
    base_url = _VERSIONED.sub("", fields.base_url())
    api_key, secret = fields.login(), fields.password()
    voice.masker.add(secret)
    client = HttpClient(base_url, voice, limits=limits, read=read_reply, clocks=clocks)
    budget = shared_budget(base_url, api_key, clocks)
    client.sign_in = RenewedToken(DrmmSignIn(client, api_key, secret, budget).obtain, clock=clocks.clock)
    return DrmmApi(client, budget)


def _identity(row: Fields) -> str:
    """Return what tells a row apart from others; empty when it has nothing, which is no reason to lose the others."""
    found = row.get("uid") or row.get("id")
    return str(found) if isinstance(found, str | int) else ""
