"""Who signs the requests: asked for headers before each request, told when the server refused them.

A sign-in object decides about tokens; it never sends a signed request itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from billing_providers.errors import SignInRefused

Headers = dict[str, str]

EARLY_S_MAX = 60.0


class SignIn(Protocol):
    """The contract of a way to sign requests."""

    def headers(self) -> Headers:
        """Return the headers that sign a request, renewing them first where they are about to expire."""

    def renewed(self, refused: Headers) -> Headers | None:
        """Return other headers after the server refused these; None when there is nothing else to try."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token. ``lifetime_s`` counts from the moment it was obtained."""

    value: str
    lifetime_s: float
    refresh: str = ""


@dataclass(frozen=True, slots=True)
class FixedToken:
    """A token that a person made and only a person can replace."""

    value: str

    def headers(self) -> Headers:
        """Return the one set of headers there is."""
        return _bearer(self.value)

    def renewed(self, refused: Headers) -> Headers | None:
        """Return nothing: the same token would be refused again."""
        return None


class RenewedToken:
    """A token that is obtained when needed and renewed before it expires, once for all threads.

    :param obtain: given the last token (None: sign in afresh), returns the next one; raises RequestError.

    A refused sign-in is remembered: trying again with every thread would only lock the account.
    """

    def __init__(self, obtain: Callable[[Token | None], Token], *, clock: Callable[[], float]) -> None:
        self._obtain = obtain
        self._clock = clock
        self._lock = Lock()
        self._token: Token | None = None
        self._renew_at = 0.0
        self._refusal: SignInRefused | None = None

    def headers(self) -> Headers:
        """Return the headers of a token that is still good."""
        with self._lock:
            if self._token is None or self._clock() >= self._renew_at:
                self._next()
            return self._headers()

    def renewed(self, refused: Headers) -> Headers | None:
        """Return the headers of a new token, unless another thread already fetched one."""
        with self._lock:
            if self._token is not None and refused == self._headers():
                self._token = None
            if self._token is None:
                self._next()
            return self._headers()

    def _next(self) -> None:
        if self._refusal is not None:
            raise self._refusal
        try:
            token = self._obtain(self._token)
        except SignInRefused as refusal:
            self._refusal = refusal
            raise
        early_s = min(EARLY_S_MAX, token.lifetime_s / 10)
        self._token, self._renew_at = token, self._clock() + token.lifetime_s - early_s

    def _headers(self) -> Headers:
        return _bearer(self._token.value if self._token else "")


def _bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}
