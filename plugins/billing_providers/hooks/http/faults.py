"""From what ``requests`` raises and servers answer to our typed errors: above all, had the request left?

``requests`` raises ``ConnectionError`` both for "never connected" and for "cut off after sending" (read in 2.34.2,
``adapters.py``), so its cause decides. Whatever cannot be told for certain counts as sent: a write whose outcome is
unknown is read back, whereas one wrongly believed unsent would be written twice.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field

from billing_providers.errors import (
    BadRequest,
    FailureClass,
    Forbidden,
    NoAnswer,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    RequestError,
    ServerFault,
    SignInRefused,
    Unreachable,
    UnreadableAnswer,
)
from billing_providers.hooks.http.masking import Masker

# By class name, so that importing a hook does not import requests. ConnectionError and SSLError are decided by cause.
_KINDS: dict[str, type[RequestError]] = {
    "ConnectTimeout": Unreachable,
    "ProxyError": Unreachable,  # urllib3 raises it only while the way to the proxy does not stand
    "ReadTimeout": NoAnswer,
    "Timeout": NoAnswer,
    "RetryError": NoAnswer,
    "ChunkedEncodingError": UnreadableAnswer,
    "ContentDecodingError": UnreadableAnswer,
    "JSONDecodeError": UnreadableAnswer,
    "StreamConsumedError": UnreadableAnswer,
    "TooManyRedirects": UnreadableAnswer,
    "InvalidURL": NotSent,
    "MissingSchema": NotSent,
    "InvalidSchema": NotSent,
    "InvalidHeader": NotSent,
    "InvalidProxyURL": NotSent,
    "InvalidJSONError": NotSent,
    "URLRequired": NotSent,
    "UnrewindableBodyError": NotSent,
    "LocationValueError": NotSent,  # of urllib3, for a host that is none
    "UnicodeError": NotSent,  # while headers and host become bytes; answers are never decoded on the way
    "HTTPError": OutcomeUnknown,
    "RequestException": OutcomeUnknown,
}
_NEVER_CONNECTED = frozenset({"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"})
_FAILED_HANDSHAKES = (
    "WRONG_VERSION_NUMBER",
    "UNSUPPORTED_PROTOCOL",
    "NO_PROTOCOLS_AVAILABLE",
    "HANDSHAKE_FAILURE",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "UNRECOGNIZED_NAME",
    "CERTIFICATE_VERIFY_FAILED",
)
_OF_HEADERS = frozenset({"InvalidHeader", "UnicodeEncodeError"})  # their texts hold what stands in the header
_BAD_HEADER = "a character cannot be sent in a header; look for it in login, password and extra of the connection"
_PHRASES: dict[type[RequestError], str] = {
    Unreachable: "no connection could be made",
    NoAnswer: "there was no answer in time, or the connection was lost after sending",
    UnreadableAnswer: "the answer broke off or cannot be read",
    NotSent: "the request could not be made",
    OutcomeUnknown: "the request failed on its way",
}


def kind_of(error: BaseException) -> type[RequestError]:
    """Return our error class for an exception of ``requests``."""
    for ancestor in type(error).__mro__:
        if ancestor.__name__ in {"SSLError", "ConnectionError"}:
            return Unreachable if _never_connected(error) else NoAnswer
        if ancestor.__name__ in _KINDS:
            return _KINDS[ancestor.__name__]
    return OutcomeUnknown


def kind_of_status(status: int) -> type[RequestError] | None:
    """Return our error class for an HTTP status, None when it is a success."""
    if 200 <= status < 300:
        return None
    known: dict[int, type[RequestError]] = {
        401: SignInRefused,
        403: Forbidden,
        408: NoAnswer,  # the server gave up waiting; a gateway may have passed the request on
        429: RateLimited,
    }
    if status in known:
        return known[status]
    if 400 <= status < 500:
        return BadRequest
    return ServerFault if status >= 500 else UnreadableAnswer  # redirects are not followed: credentials stay here


@dataclass(frozen=True, slots=True)
class ErrorVoice:
    """Words the errors of one system. ``finding_number`` and ``failure_class`` None keep each class's own."""

    system: str
    masker: Masker = field(default_factory=Masker)
    finding_number: int | None = None
    failure_class: FailureClass | None = None

    def error(
        self,
        kind: type[RequestError],
        problem: str,
        *,
        method: str = "",
        url: str = "",
        status: int | None = None,
        request_id: str = "",
        body: str = "",
        retry_after_s: float | None = None,
    ) -> RequestError:
        """Return an error that names system, call and problem, without secrets."""
        call = f" {method} {url}" if url else ""
        traced = f" (request id {request_id})" if request_id else ""
        return kind(
            self.masker.clean(f"{self.system}{call}: {problem}{traced}"),
            method=method,
            url=url,
            status=status,
            request_id=request_id,
            body=self.masker.clean(body),
            retry_after_s=retry_after_s,
            finding_number=self.finding_number,
            failure_class=self.failure_class,
        )

    def lost(self, error: BaseException, *, method: str, url: str) -> RequestError:
        """Return our error for an exception of ``requests``."""
        kind = kind_of(error)
        return self.error(kind, f"{_PHRASES[kind]} ({_innermost(error)})", method=method, url=url)


def _never_connected(error: BaseException) -> bool:
    return any(type(cause).__name__ in _NEVER_CONNECTED or _failed_handshake(cause) for cause in _causes(error))


def _failed_handshake(cause: BaseException) -> bool:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return True
    return isinstance(cause, ssl.SSLError) and any(sign in str(cause) for sign in _FAILED_HANDSHAKES)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk into the wrapped exceptions; ``requests`` and urllib3 keep them as arguments and as ``reason``."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        cause = waiting.pop()
        if cause in seen:
            continue
        seen.append(cause)
        yield cause
        inner = (*cause.args, getattr(cause, "reason", None))
        waiting.extend(found for found in inner if isinstance(found, BaseException))


def _innermost(error: BaseException) -> str:
    """Return the class and text of the first thing that went wrong; never a request header."""
    *_, cause = _causes(error)
    named = type(cause).__name__
    return f"{named}: {_BAD_HEADER if named in _OF_HEADERS else str(cause)[:200]}"
