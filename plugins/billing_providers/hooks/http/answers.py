"""One answer of a server: exact JSON out of it, or an error that says what came instead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from billing_providers.errors import RequestError, UnreadableAnswer
from billing_providers.hooks.http.faults import ErrorVoice, kind_of_status
from billing_providers.plain_text import plain_text

_EXCERPT_MAX = 300
_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-correlation-id", "x-ms-request-id", "cf-ray")
_TELLING_KEYS = ("message", "details", "detail", "error_description", "title", "error", "errors", "suberrors")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered to one request. ``headers`` are compared without case."""

    voice: ErrorVoice
    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def request_id(self) -> str:
        """The server's name for this request, empty when it gives none."""
        return next((self.headers[name] for name in _REQUEST_ID_HEADERS if name in self.headers), "")

    @property
    def server_time(self) -> datetime | None:
        """The server's own clock, when it tells."""
        return _http_date(self.headers.get("Date", ""))

    def error(self, kind: type[RequestError], problem: str) -> RequestError:
        """Return an error about this answer."""
        return self.voice.error(
            kind,
            problem,
            method=self.method,
            url=self.url,
            status=self.status,
            request_id=self.request_id,
            body=self.excerpt(),
            retry_after_s=self._retry_after_s(),
        )

    def status_error(self) -> RequestError | None:
        """Return the error that the HTTP status stands for, None for a success."""
        kind = kind_of_status(self.status)
        if kind is None:
            return None
        said = self.excerpt()
        if 300 <= self.status < 400:
            said = "a redirect, which is not followed; set the connection's host to the API's own base URL"
        return self.error(kind, f"HTTP {self.status}{': ' if said else ''}{said}")

    def json(self) -> Any:
        """Return the answer's JSON, numbers as ``int`` and ``Decimal``.

        :raises UnreadableAnswer: for anything else.
        """
        try:
            return json.loads(self.content, parse_float=_number, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as fault:
            kind = self.headers.get("Content-Type", "no content type").split(";")[0]
            problem = f"expected JSON, got {len(self.content)} bytes of {kind}: {self.excerpt() or fault}"
            raise self.error(UnreadableAnswer, problem) from None

    def excerpt(self) -> str:
        """Return what the body says, for people: cleaned of markup and secrets, shortened."""
        text = self.content[: 64 * 1024].decode("utf-8", errors="replace")
        said = "; ".join(dict.fromkeys(_told(text))) or _without_markup(text)
        said = plain_text(" ".join(self.voice.masker.clean(said).split()))
        return said if len(said) <= _EXCERPT_MAX else f"{said[:_EXCERPT_MAX]}…"

    def _retry_after_s(self) -> float | None:
        """Return the seconds of ``Retry-After``, given as a number or as an HTTP date (RFC 9110 §10.2.3)."""
        text = self.headers.get("Retry-After", "").strip()
        if re.fullmatch(r"\d{1,9}", text):
            return float(text)
        until = _http_date(text)
        if until is None:
            return None
        return max(0.0, (until - (self.server_time or datetime.now(UTC))).total_seconds())


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond what any decimal can hold
        raise ValueError(f"{text[:40]} is no number that can be held") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None


def _told(text: str) -> Iterator[str]:
    """Yield the texts under the keys in which APIs tell what is wrong."""
    try:
        waiting = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            told = [found for key, found in value.items() if key.casefold() in _TELLING_KEYS]
            yield from (found.strip() for found in told if isinstance(found, str) and found.strip())
            waiting.extend(found for found in told if isinstance(found, list | dict))


def _without_markup(text: str) -> str:
    if "<" not in text[:200]:
        return text
    return re.sub(r"(?s)<(script|style)\b.*?</\1>|<[^>]*>", " ", text)
