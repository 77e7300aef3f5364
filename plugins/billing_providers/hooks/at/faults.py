"""What a fault of Autotask means. Its statuses say little: every validation error is a 500 (seen in two clients).

- A list ``errors`` in the body of a 400 or 500 means refused: the server has looked at the request, said no, and is
  done with it. No case is known where it says so after applying a change (inferred); and nothing is written again
  before the line was read anew, so even then it would be seen.
- A 500 without that list, or whose texts name no reason but a breakdown (the framework's *An error has occurred.*, a
  timeout, a deadlock), is a server that broke down: a change may have been applied. So is every 502, 503 and 504,
  whatever its body, since a gateway may have given up on a request that is still at work.
- Too many threads come with a text, maybe not as a 429 (seen in one client, with the code Itgenatr005): the request was
  turned away before anything was done, so it may follow. From a 502, 503 or 504 it is not believed either.
- Two texts stand for refused keys (seen in one client's documentation), and one that says that the logged in resource
  lacks a permission for a missing right (inferred: the words of the older API).
"""

from __future__ import annotations

import json
from typing import Any

from billing_providers.errors import BadRequest, Forbidden, RateLimited, RequestError, SignInRefused
from billing_providers.hooks.http.answers import Answer

_TOO_MANY_THREADS = ("itgenatr005", "thread threshold")
_REFUSED_KEYS = ("zone information could not be determined", "integrationcode is invalid")
_BROKE_DOWN = ("an error has occurred", "unexpected error", "timeout", "timed out", "deadlock")
_NO_RIGHT = ("logged in resource", "permission")
_SAID_NO = frozenset({200, 400, 409, 422, 500})
_GATEWAYS = frozenset({502, 503, 504})
_BODY_MAX = 64 * 1024
_SAID_MAX = 300


def fault_of(answer: Answer) -> RequestError | None:
    """Return the error that an answer stands for; None for a success."""
    if 200 <= answer.status < 300:
        return None
    if answer.status in _GATEWAYS:
        return answer.status_error()
    text = answer.content[:_BODY_MAX].decode("utf-8", errors="replace")
    value, body = _json(text), text.casefold()
    if any(sign in body for sign in _TOO_MANY_THREADS):
        return answer.error(RateLimited, f"HTTP {answer.status}: {_said(answer, value)}")
    if any(sign in body for sign in _REFUSED_KEYS):
        return answer.error(SignInRefused, f"HTTP {answer.status}: {_said(answer, value)}")
    return refusal_of(answer, value) or answer.status_error()


def refusal_of(answer: Answer, value: Any) -> RequestError | None:
    """Return the error for a body with a list of errors, where the status allows that nothing was applied."""
    told = _errors_in(value)
    broke_down = any(sign in text.casefold() for sign in _BROKE_DOWN for text in told)
    if not told or broke_down or answer.status not in _SAID_NO:
        return None
    lacks_right = any(all(word in text.casefold() for word in _NO_RIGHT) for text in told)
    kind = Forbidden if lacks_right else BadRequest
    return answer.error(kind, f"HTTP {answer.status}: refused: {_said(answer, value)}")


def _said(answer: Answer, value: Any) -> str:
    """Return the server's own words."""
    said = " ".join("; ".join(_errors_in(value)).split())
    return said if 0 < len(said) <= _SAID_MAX else answer.excerpt()


def _errors_in(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    found = next((held for name, held in value.items() if name.casefold() == "errors"), None)
    return [str(text) for text in found] if isinstance(found, list) else []


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
