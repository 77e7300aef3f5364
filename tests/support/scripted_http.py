"""A server made of Python functions, mounted where ``requests`` would open a connection; and a clock without time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from io import BytesIO
from threading import Lock
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from billing_providers.hooks.http.client import Clocks, HttpClient
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.repeats import Limits

Reply = tuple[int, dict[str, str], bytes]


def reply(body: Any = None, status: int = 200, **headers: str) -> Reply:
    """Return a reply with a JSON body (or the bytes as given). ``Retry_After`` becomes ``Retry-After``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status, {"Content-Type": "application/json", **named}, content


class ScriptedServer(BaseAdapter):
    """Answers every request by a function, or by the next entry of a script; keeps the requests."""

    def __init__(self, answer: Callable[[PreparedRequest], Reply] | Iterable[Reply | Exception]) -> None:
        super().__init__()
        if callable(answer):
            self._answer = answer
        else:
            script = iter(answer)
            self._answer = lambda request: next(script)
        self._lock = Lock()
        self.requests: list[PreparedRequest] = []

    def send(self, request: PreparedRequest, **_: Any) -> Response:
        with self._lock:
            self.requests.append(request)
        answered = self._answer(request)
        if isinstance(answered, Exception):
            raise answered
        status, headers, content = answered
        response = Response()
        response.status_code, response.request, response.url = status, request, request.url
        response.headers = CaseInsensitiveDict(headers)
        response.raw = HTTPResponse(BytesIO(content), headers=headers, status=status, preload_content=False)
        return response

    def close(self) -> None:
        """Nothing is open."""


class FrozenTime:
    """A clock that moves only when somebody sleeps; every sleep is kept."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clocks(self, random: float = 1.0) -> Clocks:
        return Clocks(clock=lambda: self.now, sleep=self.sleep, random=lambda: random)


def client_of(server: ScriptedServer, time: FrozenTime | None = None, **limits: Any) -> HttpClient:
    """Return a client of the scripted server, with a clock that costs no time."""
    held = (time or FrozenTime()).clocks()
    client = HttpClient(
        "https://psa.example",
        ErrorVoice("Example PSA"),
        limits=Limits(**limits),
        clocks=held,
    )
    client.session.mount("https://", server)
    return client
