"""Meterline's one operation: the usage of all customers of a tenant between two days.

``GET /v1/tenants/{tenant}/usage?from=2026-07-01&to=2026-08-01`` with the header ``X-Api-Key``; ``to`` is excluded.
The setting ``meterline_paging`` decides where the next part is found: ``data.cursor``, ``paging`` or ``next``.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from billing_providers.sandbox.core.faults import Fault
from billing_providers.sandbox.core.messages import Request, Response
from billing_providers.sandbox.core.router import NoSuchMethod, NoSuchPath, Route, Router
from billing_providers.sandbox.core.sandbox import PAGING_CURSOR, PAGING_NEXT, PAGING_PAGE
from billing_providers.sandbox.credentials import METERLINE_KEY, METERLINE_TENANT
from billing_providers.sandbox.meterline.errors import MeterlineRefusal, failure
from billing_providers.sandbox.meterline.usage import CURRENCY, MeterEntry, entries_between

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox
    from billing_providers.sandbox.world import World

SYSTEM = "meterline"
KEY_HEADER = "X-Api-Key"
_PLACE_OF = {PAGING_CURSOR: "cursor", PAGING_PAGE: "page", PAGING_NEXT: "after"}  # query parameter of each style


@dataclass(frozen=True, slots=True)
class _Asked:
    start: date
    end: date
    first: int  # place of the first row that is wanted


class MeterlineTwin:
    """The made-up vendor."""

    key = SYSTEM
    connection = {"conn_type": "http", "extra": {KEY_HEADER: METERLINE_KEY}}  # noqa: RUF012 - the Twin protocol wants a plain mapping

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._router = Router([Route("GET", "/v1/tenants/{tenant}/usage", self._usage)])
        self.reset(sandbox.world)

    def reset(self, world: World) -> None:
        """Start over from a world."""
        self._resale = world.resale
        self._keys = {METERLINE_KEY}

    def route_of(self, method: str, path: str) -> Route | None:
        """Return the operation that a request means, None when there is none."""
        try:
            return self._router.match(method, path)[0]
        except (NoSuchPath, NoSuchMethod):
            return None

    def answer(self, request: Request) -> Response:
        """Check and answer a request; Meterline is only read."""
        try:
            route, path = self._router.match(request.method, request.path)
            if request.headers.get(KEY_HEADER.lower()) not in self._keys:
                raise MeterlineRefusal(401, "unauthorized", f"The header {KEY_HEADER} is missing or not valid.")
            if path["tenant"] != METERLINE_TENANT:
                raise MeterlineRefusal(404, "not_found", "There is no such tenant.")
            if request.body:
                raise MeterlineRefusal(400, "bad_request", "This operation takes no body.")
            return route.handler(request)  # type: ignore[no-any-return]
        except MeterlineRefusal as refusal:
            return refusal.response()
        except NoSuchPath:
            return failure(404, "not_found", f"Nothing is at {request.path}.")
        except NoSuchMethod as error:
            return failure(405, "method_not_allowed", f"{request.path} allows {error}.")

    def _usage(self, request: Request) -> Response:
        settings = self._sandbox.settings
        asked = self._asked(request.raw_query)
        entries = entries_between(self._resale, asked.start, asked.end)
        size = settings.meterline_page_size
        shown = entries[asked.first : asked.first + size]
        following = asked.first + size if asked.first + size < len(entries) else None
        data: dict[str, Any] = {"entries": [_wire(entry, asked) for entry in shown]}
        content: dict[str, Any] = {
            "data": data,
            "summary": {"count": len(entries), "amount": str(sum((entry.amount for entry in entries), Decimal(0)))},
            # Usage of days to come may still change, whatever the setting says.
            "final": settings.meterline_final and asked.end <= self._sandbox.clock.now().date(),
        }
        response = Response(200, content)
        if settings.meterline_paging == PAGING_CURSOR:
            data["cursor"] = None if following is None else _cursor(following)
        elif settings.meterline_paging == PAGING_PAGE:
            content["paging"] = {"page": asked.first // size + 1, "pages": max(1, -(-len(entries) // size))}
        else:
            content["next"] = None if following is None else _address(request, asked, following)
            if following is not None:
                response.headers["Link"] = f'<{content["next"]}>; rel="next"'
        return response

    def _asked(self, raw_query: str) -> _Asked:
        settings = self._sandbox.settings
        place = _PLACE_OF[settings.meterline_paging]
        pairs = parse_qsl(raw_query, keep_blank_values=True)
        query = dict(pairs)
        if len(query) != len(pairs) or query.keys() - {"from", "to", place}:
            raise _bad(f"parameters are from, to and {place}, each once")
        start, end = _day("from", query.get("from", "")), _day("to", query.get("to", ""))
        if end <= start:
            raise _bad("to must be after from")
        first = 0
        if place in query and settings.meterline_paging == PAGING_CURSOR:
            first = _decoded(query[place])
        elif place in query:
            number = query[place]
            if not re.fullmatch(r"[1-9]\d{0,6}", number):
                raise _bad(f"{place} must be a number from 1 on")
            first = int(number)
            if settings.meterline_paging == PAGING_PAGE:
                first = (first - 1) * settings.meterline_page_size
        return _Asked(start, end, first)

    def revoke_tokens(self, *, refresh_too: bool) -> None:
        """Make the key invalid; only a reset brings it back."""
        self._keys = set()

    def drift(self, request: Request, fault: Fault) -> None:
        """Refuse: Meterline has no contract lines.

        :raises ValueError: always.
        """
        raise ValueError("Meterline has no contract lines that could drift")

    def failure_in_200(self, code: int, message: str) -> Response:
        """Return an error body under HTTP 200."""
        return failure(200, str(code), message)

    def refusal(self, status: int) -> Response:
        """Return an error body under an HTTP error."""
        return failure(status, str(status), "Something went wrong.")

    def with_wrong_total(self, content: Any, by: int) -> Any:
        """Raise the stated count and amount."""
        summary = content["summary"]
        summary["count"] += by
        summary["amount"] = str(Decimal(summary["amount"]) + by)
        return content

    def with_short_page(self, content: Any, by: int) -> Any:
        """Drop the last entries."""
        content["data"]["entries"] = content["data"]["entries"][:-by]
        return content

    def with_lie(self, content: Any, delta: int) -> Any:
        """Change every amount."""
        for entry in content["data"]["entries"]:
            entry["amount"] = str(Decimal(entry["amount"]) + delta)
        return content


def _wire(entry: MeterEntry, asked: _Asked) -> dict[str, Any]:
    return {
        "customer": {"ref": entry.ref, "title": entry.title},
        "meter": entry.meter,
        "amount": str(entry.amount),
        "unit": entry.unit,
        "cost": {"value": str(entry.cost), "currency": CURRENCY},
        "window": {"from": asked.start.isoformat(), "to": asked.end.isoformat()},
    }


def _address(request: Request, asked: _Asked, following: int) -> str:
    query = urlencode({"from": asked.start, "to": asked.end, _PLACE_OF[PAGING_NEXT]: following})
    return f"http://{request.headers.get('host', '')}/{SYSTEM}{request.path}?{query}"


def _cursor(first: int) -> str:
    return base64.urlsafe_b64encode(f"from row {first}".encode()).decode()


def _decoded(cursor: str) -> int:
    try:
        words = base64.urlsafe_b64decode(cursor).decode()
    except (binascii.Error, UnicodeDecodeError):
        words = ""
    if not re.fullmatch(r"from row \d{1,7}", words):
        raise _bad("the cursor is not one of ours")
    return int(words.rpartition(" ")[2])


def _day(name: str, text: str) -> date:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise _bad(f"{name} must be a day YYYY-MM-DD") from None


def _bad(detail: str) -> MeterlineRefusal:
    return MeterlineRefusal(400, "bad_request", detail)
