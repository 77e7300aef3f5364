"""The one HTTP client of the hooks: a kept-alive session, bounded, typed, and honest about what was sent.

::

    call() → headers of the sign-in → repeats → budget → slot → one exchange → status → JSON

A call that changes something leaves once. It is sent again only when no connection stood, when the server said 429,
or after a 401 with a new token: in all three it cannot have been applied.
"""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

from billing_providers import __version__
from billing_providers.errors import (
    BudgetExhausted,
    NoAnswer,
    RateLimited,
    RequestError,
    SignInRefused,
    UnreadableAnswer,
)
from billing_providers.hooks.http.answers import Answer
from billing_providers.hooks.http.budget import BudgetSpent, RequestBudget
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.json_text import json_text
from billing_providers.hooks.http.repeats import Limits, may_repeat, wait_before
from billing_providers.hooks.http.sign_in import Headers, SignIn

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

USER_AGENT = f"airflow-provider-psa-billing/{__version__}"
_FORM = "application/x-www-form-urlencoded"
_CHUNK_BYTES = 1 << 16

Value = TypeVar("Value")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time and chance, so that tests need neither."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it will be sent. ``endpoint`` (method and path template) is what budgets and counts go by."""

    method: str
    endpoint: str
    url: str
    content: bytes | None
    content_type: str
    repeatable: bool
    headers: Headers


class HttpClient:
    """Speaks to one system. Safe to use from several threads.

    :param base_url: checked base URL, see :func:`billing_providers.hooks.http.addresses.base_url`.
    :param voice: words the errors.
    :param read: takes the value out of an answer; raises what the answer itself says is wrong.
    :ivar sign_in: signs the requests; None: they are sent unsigned.
    :ivar calls: requests sent so far, by endpoint.
    """

    def __init__(
        self,
        base_url: str,
        voice: ErrorVoice,
        *,
        limits: Limits | None = None,
        read: Callable[[Answer], Any] = Answer.json,
        clocks: Clocks | None = None,
    ) -> None:
        self.base_url = base_url
        self.voice = voice
        self.limits = limits or Limits()
        self.clocks = clocks or Clocks()
        self.sign_in: SignIn | None = None
        self.calls: Counter[str] = Counter()
        self.session = _session(base_url, self.limits.requests_in_flight_max)
        self._read = read
        self._slots = BoundedSemaphore(self.limits.requests_in_flight_max)
        self._counting = Lock()
        self._budget = RequestBudget(
            self.limits.requests_per_hour,
            self.limits.budget_wait_s_max,
            clock=self.clocks.clock,
            sleep=self.clocks.sleep,
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        values: Mapping[str, str] | None = None,
        params: Mapping[str, object] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        signed: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send one call and return what its answer holds.

        :param path: template below the base URL, e.g. ``/contracts/{contract_id}``, filled from ``values``.
        :param json: body; decimals are written as exact numbers.
        :param repeatable: whether sending it twice changes nothing; by default only GET.
        :param headers: for this call only.
        :raises RequestError: its class tells whether the request had left.
        """
        call = Call(
            method=method,
            endpoint=f"{method} {path}",
            url=_url(self.base_url, path, values or {}, params or {}),
            content=_content(json, form),
            content_type=_FORM if form is not None else "application/json" if json is not None else "",
            repeatable=method == "GET" if repeatable is None else repeatable,
            headers=dict(headers or {}),
        )
        if self.sign_in is None or not signed:
            return self._repeated(call, {})
        signature = self.sign_in.headers()
        try:
            return self._repeated(call, signature)
        except SignInRefused:
            # 401 means that it was not applied, so even a write may follow once more with a new token.
            fresh = self.sign_in.renewed(signature)
            if fresh is None:
                raise
        return self._repeated(call, fresh)

    def map(self, work: Callable[[Value], Result], values: Iterable[Value]) -> list[Result]:
        """Return the result of every value, in order, with as many threads as requests may be in flight.

        The first error ends the waiting and is raised.
        """
        held = list(values)
        if len(held) < 2:
            return [work(value) for value in held]
        with ThreadPoolExecutor(max_workers=min(len(held), self.limits.requests_in_flight_max)) as threads:
            pending = [threads.submit(work, value) for value in held]
            try:
                return [future.result() for future in pending]
            finally:
                for future in pending:
                    future.cancel()

    def close(self) -> None:
        """Close the kept-alive connections."""
        self.session.close()

    def _repeated(self, call: Call, headers: Headers) -> Any:
        """Send a call until it succeeds, may not be repeated, or used up its attempts or time."""
        attempt, give_up_at = 1, self.clocks.clock() + self.limits.total_s_max
        while True:
            try:
                return self._once(call, headers)
            except RequestError as error:
                wait_s = self._wait_s(call, error, attempt)
                if wait_s is None or self.clocks.clock() + wait_s > give_up_at:
                    raise _told_attempts(error, attempt) from None
                log.warning("%s; attempt %d follows in %.1f s", error, attempt + 1, wait_s)
            self.clocks.sleep(wait_s)
            attempt += 1

    def _wait_s(self, call: Call, error: RequestError, attempt: int) -> float | None:
        if attempt >= self.limits.attempts_max or not may_repeat(error, repeatable=call.repeatable):
            return None
        wait_s = wait_before(error, attempt, self.limits, self.clocks.random)
        if wait_s is not None and isinstance(error, RateLimited):
            self._budget.hold(call.endpoint, wait_s)
        return wait_s

    def _once(self, call: Call, headers: Headers) -> Any:
        try:
            self._budget.take(call.endpoint)
        except BudgetSpent as spent:
            problem = f"the budget of {self.limits.requests_per_hour} requests per hour is used up, {spent}"
            raise self.voice.error(BudgetExhausted, problem, method=call.method, url=_shown(call)) from None
        with self._slots:
            with self._counting:
                self.calls[call.endpoint] += 1
            answer = self._exchange(call, headers)
        fault = answer.status_error()
        if fault is not None:
            raise fault
        return self._read(answer)

    def _exchange(self, call: Call, headers: Headers) -> Answer:
        """Send one request and read its whole answer: the only place where bytes leave."""
        from requests import Request
        from requests.exceptions import RequestException

        typed = {"Content-Type": call.content_type} if call.content_type else {}
        ends_at = self.clocks.clock() + self.limits.answer_s_max
        try:
            prepared = Request(
                call.method, call.url, headers={**_HEADERS, **headers, **call.headers, **typed}, data=call.content
            ).prepare()
            with self.session.send(
                prepared,
                timeout=(self.limits.connect_timeout_s, self.limits.read_timeout_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._whole_body(call, response, ends_at)
        except RequestException as error:
            # Without its cause: that text may hold a header's value.
            raise self.voice.lost(error, method=call.method, url=_shown(call)) from None
        return Answer(self.voice, call.method, _shown(call), response.status_code, response.headers, content)

    def _whole_body(self, call: Call, response: requests.Response, ends_at: float) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_content(_CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > self.limits.answer_bytes_max:
                problem = f"the answer is longer than {self.limits.answer_bytes_max} bytes"
                raise self.voice.error(UnreadableAnswer, problem, method=call.method, url=_shown(call))
            if self.clocks.clock() > ends_at:
                problem = f"the answer took longer than {self.limits.answer_s_max:.0f} s"
                raise self.voice.error(NoAnswer, problem, method=call.method, url=_shown(call))
        return b"".join(chunks)


_HEADERS: Headers = {
    "User-Agent": USER_AGENT,
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
}


def _session(base_url: str, connections: int) -> requests.Session:
    """Return a session for one server: proxies looked up once, no cookies, no netrc, no hidden repeats."""
    import os
    from http.cookiejar import DefaultCookiePolicy

    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.trust_env = False  # it would look up proxies on every call, and let a .netrc replace our credentials
    session.proxies = dict(requests.utils.get_environ_proxies(base_url))
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _url(base_url: str, path: str, values: Mapping[str, str], params: Mapping[str, object]) -> str:
    filled = path.format_map({name: quote(value, safe="") for name, value in values.items()})
    query = urlencode({name: _query_text(value) for name, value in params.items()})
    return f"{base_url}{filled}{'?' if query else ''}{query}"


def _content(json: Any, form: Mapping[str, str] | None) -> bytes | None:
    if form is not None:
        return urlencode(form).encode()
    return None if json is None else json_text(json).encode()


def _query_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(call: Call) -> str:
    return call.url.partition("?")[0]


def _told_attempts(error: RequestError, attempts: int) -> RequestError:
    if attempts > 1:
        error.args = (f"{error} (sent {attempts} times)",)
    return error
