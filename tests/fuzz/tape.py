"""Valid answers of the sandbox, kept as on a tape, and played again with one of them changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from unittest.mock import patch

import requests
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from billing_providers.hooks.http.client import Clocks
from tests.support.scripted_http import FrozenTime

Key = tuple[str, str, bytes]


@dataclass
class Tape:
    """What the sandbox answered, by request.

    ``spoil`` changes the body of one request's answer, or of all whose address holds ``spoiled_part``. A request that
    was never asked, as a changed answer may lead to, goes to the sandbox itself; without ``keeps`` every request does.
    """

    answers: dict[Key, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[Key] = field(default_factory=list)
    spoiled: Key | None = None
    spoiled_part: str = ""
    spoil: Callable[[bytes], bytes] = bytes
    keeps: bool = True
    hits: int = 0

    @contextmanager
    def playing(self) -> Iterator[Tape]:
        """Answer every request of the hooks; their waits cost no time."""
        really = requests.Session.send
        tape = self

        def send(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            key = (str(request.method), str(request.url), _bytes(request.body))
            if key not in tape.answers or not tape.keeps:
                answer = really(session, request, **options)
                tape.answers[key] = (answer.status_code, dict(answer.headers), answer.content)
                tape.asked.append(key)
            status, headers, content = tape.answers[key]
            if key == tape.spoiled or (tape.spoiled_part and tape.spoiled_part in key[1]):
                content, tape.hits = tape.spoil(content), tape.hits + 1
            return _response(request, status, headers, content)

        clocks = FrozenTime().clocks()
        # Hooks make their own Clocks(), wherever they imported it from.
        frozen = patch.object(
            Clocks.__init__,
            "__defaults__",
            (clocks.clock, clocks.sleep, clocks.random),  # type: ignore[misc]
        )
        with patch.object(requests.Session, "send", send), frozen:
            yield self


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else str(body or "").encode()


def _response(
    request: requests.PreparedRequest, status: int, headers: dict[str, str], content: bytes
) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = status, request, str(request.url)
    shown = {name: value for name, value in headers.items() if name.casefold() not in _OF_THE_BODY}
    response.headers = CaseInsensitiveDict(shown)
    response.raw = HTTPResponse(BytesIO(content), headers=shown, status=status, preload_content=False)
    return response


_OF_THE_BODY = {"content-length", "content-encoding", "transfer-encoding"}
