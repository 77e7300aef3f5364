"""Keeps secrets out of logs and error texts: ours, and those that Airflow writes."""

from __future__ import annotations

import json
import re
from html import escape
from threading import Lock
from urllib.parse import quote, quote_plus

HIDDEN = "***"
_SHORTEST = 3  # shorter texts occur in ordinary words; hiding them would only garble messages

_TOKENS = re.compile(
    r"""(?ix)
    ( \bbearer\s+ | "?(?:access|refresh)_?token"?\s*[:=]\s*"? | "?password"?\s*[:=]\s*"? )
    [^\s"&,;}<]+
    """
)


class Masker:
    """Knows the secrets of one hook. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._spellings: tuple[str, ...] = ()

    def add(self, *secrets: str) -> None:
        """Hide these from now on, here and in Airflow's logs; empty texts are ignored."""
        from airflow.sdk.log import mask_secret

        found = {secret for secret in secrets if secret}
        for secret in sorted(found):
            mask_secret(secret)
        spellings = {spelling for secret in found for spelling in _spellings(secret) if len(spelling) >= _SHORTEST}
        with self._lock:
            # Longest first, so that a secret that contains another one is hidden as a whole.
            self._spellings = tuple(sorted(spellings.union(self._spellings), key=lambda text: (-len(text), text)))

    def clean(self, text: str) -> str:
        """Return the text with every known secret, and whatever follows a token's name, replaced by ``***``."""
        for spelling in self._spellings:
            text = text.replace(spelling, HIDDEN)
        return _TOKENS.sub(rf"\g<1>{HIDDEN}", text)


def _spellings(secret: str) -> set[str]:
    """Return how a secret looks plain, in a URL, in a form, in JSON and in HTML."""
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        escape(secret),
    }
