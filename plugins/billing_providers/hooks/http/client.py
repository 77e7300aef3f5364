"""The one HTTP client of the hooks: a kept-alive session, bounded, typed, and honest about what was sent.

::

    call() → headers of the sign-in → repeats → budget → gate → slot → last question → one exchange → status → JSON

A call that changes something leaves once. It is sent again only when no connection stood, when the server said 429,
or after a 401 with a new token: in all three it cannot have been applied. Before each time whoever writes is asked
whether it may still leave, see :mod:`billing_providers.hooks.http.leaving`.
"""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, TypeVar

from billing_providers import __version__
from billing_providers.errors import (
    BudgetExhausted,
    NoAnswer,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    RequestError,
    SignInRefused,
    UnreadableAnswer,
)
from billing_providers.hooks.http.answers import Answer
from billing_providers.hooks.http.budget import BudgetSpent, RequestBudget
from billing_providers.hooks.http.calls import Call, content_of, url_of
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.gate import Gate
from billing_providers.hooks.http.leaving import ask_before_leaving
from billing_providers.hooks.http.repeats import Limits, may_repeat, wait_before
from billing_providers.hooks.http.session import kept_alive_session
from billing_providers.hooks.http.sign_in import Headers, SignIn

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

USER_AGENT = f"airflow-provider-psa-billing/{__version__}"
_CHUNK_BYTES = 1 << 16

Value = TypeVar("Value")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time and chance, so that tests need neither."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random


class HttpClient:
    """Speaks to one system. Safe to use from several threads.

    :param base_url: checked base URL, see :func:`billing_providers.hooks.http.addresses.base_url`.
    :param voice: words the errors.
    :param read: takes the value out of an answer; raises what the answer itself says is wrong.
    :param fault: the error that an answer stands for, None for a success; by default its HTTP status decides.
    :param gate: bounds the requests in flight by endpoint, in place of ``limits``; None: ``limits`` do, all together.
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
        fault: Callable[[Answer], RequestError | None] = Answer.status_error,
        gate: Gate | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        self.base_url = base_url
        self.voice = voice
        self.limits = limits or Limits()
        self.clocks = clocks or Clocks()
        self.sign_in: SignIn | None = None
        self.calls: Counter[str] = Counter()
        self.session = kept_alive_session(base_url)
        self._read = read
        self._fault = fault
        self.gate = gate
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
        base_url: str = "",
        place: str = "",
    ) -> Any:
        """Send one call and return what its answer holds.

        :param path: template below the base URL, e.g. ``/contracts/{contract_id}``, filled from ``values``.
        :param json: body; decimals are written as exact numbers.
        :param repeatable: whether sending it twice changes nothing; by default only GET.
        :param headers: for this call only.
        :param base_url: where the path begins; empty: the client's own.
        :param place: what the gate goes by; empty: method and path template.
        :raises RequestError: its class tells whether the request had left.
        """
        content, content_type = content_of(json, form)
        call = Call(
            method=method,
            endpoint=f"{method} {path}",
            place=place or f"{method} {path}",
            url=url_of(base_url or self.base_url, path, values or {}, params or {}),
            content=content,
            content_type=content_type,
            repeatable=method == "GET" if repeatable is None else repeatable,
            headers=dict(headers or {}),
        )
        if self.sign_in is None or not signed:
            return self._repeated(call, {})
        signature = self._signed(call, self.sign_in.headers)
        try:
            return self._repeated(call, signature)
        except SignInRefused:
            # 401 means that it was not applied, so even a write may follow once more with a new token.
            fresh = self._signed(call, partial(self.sign_in.renewed, signature))
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

    def _signed(self, call: Call, headers: Callable[[], Result]) -> Result:
        """Return what signs a call. A write whose sign-in got no answer has not left: there is nothing to read back."""
        try:
            return headers()
        except OutcomeUnknown as fault:
            if call.repeatable:
                raise
            problem = f"the sign-in before it failed ({fault})"
            raise self.voice.error(NotSent, problem, method=call.method, url=call.shown) from None

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
            raise self.voice.error(BudgetExhausted, problem, method=call.method, url=call.shown) from None
        prepared = self._prepared(call, headers)
        with self.gate.slot(call.place) if self.gate else self._slots:
            if call.changes_something:
                ask_before_leaving()
            with self._counting:
                self.calls[call.endpoint] += 1
            answer = self._exchange(call, prepared)
        fault = self._fault(answer)
        if fault is not None:
            raise fault
        return self._read(answer)

    def _prepared(self, call: Call, headers: Headers) -> requests.PreparedRequest:
        """Make what will be sent, while nobody waits for a slot."""
        from requests import Request
        from requests.exceptions import RequestException

        typed = {"Content-Type": call.content_type} if call.content_type else {}
        named = {**_HEADERS, **headers, **call.headers, **typed}
        try:
            return Request(call.method, call.url, headers=named, data=call.content).prepare()
        except (RequestException, UnicodeError) as error:
            # Without its cause: that text may hold a header's value.
            raise self.voice.lost(error, method=call.method, url=call.shown) from None

    def _exchange(self, call: Call, prepared: requests.PreparedRequest) -> Answer:
        """Send one request and read its whole answer: the only place where bytes leave."""
        from requests.exceptions import RequestException
        from urllib3.exceptions import HTTPError

        ends_at = self.clocks.clock() + self.limits.answer_s_max
        try:
            with self.session.send(
                prepared,
                timeout=(self.limits.connect_timeout_s, self.limits.read_timeout_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._whole_body(call, response, ends_at)
        except (RequestException, HTTPError, UnicodeError) as error:  # requests lets some of the others through
            # Without its cause: that text may hold a header's value.
            raise self.voice.lost(error, method=call.method, url=call.shown) from None
        return Answer(self.voice, call.method, call.shown, response.status_code, response.headers, content)

    def _whole_body(self, call: Call, response: requests.Response, ends_at: float) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_content(_CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > self.limits.answer_bytes_max:
                problem = f"the answer is longer than {self.limits.answer_bytes_max} bytes"
                raise self.voice.error(UnreadableAnswer, problem, method=call.method, url=call.shown)
            if self.clocks.clock() > ends_at:
                problem = f"the answer took longer than {self.limits.answer_s_max:.0f} s"
                raise self.voice.error(NoAnswer, problem, method=call.method, url=call.shown)
        return b"".join(chunks)


_HEADERS: Headers = {
    "User-Agent": USER_AGENT,
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
}


def _told_attempts(error: RequestError, attempts: int) -> RequestError:
    if attempts > 1:
        error.args = (f"{error} (sent {attempts} times)",)
    return error
