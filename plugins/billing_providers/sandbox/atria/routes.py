"""The one operation of the simulated Atria: the billing answer of a period, named by its last day."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from billing_providers.model.decimals import text_from_decimal
from billing_providers.sandbox.atria.errors import AtriaRefusal, failure
from billing_providers.sandbox.atria.state import AtriaState
from billing_providers.sandbox.core.messages import Request, Response
from billing_providers.sandbox.core.read_only import ReadOnlyTwin
from billing_providers.sandbox.core.router import NoSuchMethod, NoSuchPath, Route, Router
from billing_providers.sandbox.credentials import ATRIA_TOKEN, ATRIA_TOKEN_WITHOUT_PERMISSION
from billing_providers.sandbox.world.records import UsageRow

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox
    from billing_providers.sandbox.world import World

SYSTEM = "atria"
PAGE_SIZE_MAX = 1000


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


WIRE_NAMES = {entry.name: _camel_case(entry.name) for entry in fields(UsageRow)}


def wire_item(row: UsageRow) -> dict[str, Any]:
    """Return a row as it travels: quantities and prices are JSON numbers, dates YYYY-MM-DD."""
    return {
        wire_name: value.isoformat() if isinstance(value, date) else value
        for name, wire_name in WIRE_NAMES.items()
        for value in [getattr(row, name)]
    }


class AtriaTwin(ReadOnlyTwin):
    """The simulated Atria."""

    key = SYSTEM
    connection = {"conn_type": SYSTEM, "password": ATRIA_TOKEN}  # noqa: RUF012 - the Twin protocol wants a plain mapping

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._router = Router([Route("GET", "/api/billing/{enddate}", self._billing)])
        self.reset(sandbox.world)

    def reset(self, world: World) -> None:
        """Start over from a world."""
        self.state = AtriaState(world, self._sandbox.settings)
        self._tokens = {ATRIA_TOKEN, ATRIA_TOKEN_WITHOUT_PERMISSION}

    def answer(self, request: Request) -> Response:
        """Check and answer a request; Atria is only read."""
        try:
            route, path = self._router.match(request.method, request.path)
            self._sign_in(request)
            return Response(200, route.handler(request, path["enddate"]))
        except AtriaRefusal as refusal:
            return refusal.response()
        except NoSuchPath:
            return failure(404, "NotFound", f"No operation has the path {request.path}.")
        except NoSuchMethod as error:
            return failure(405, "MethodNotAllowed", f"{request.path} allows {error}.")

    def _sign_in(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token.strip() not in self._tokens:
            raise AtriaRefusal(401, "Unauthorized", "The API access token is missing or not valid.")
        if token.strip() == ATRIA_TOKEN_WITHOUT_PERMISSION:
            raise AtriaRefusal(403, "Forbidden", "The user lacks the permission Service Provider Developer.")

    def _billing(self, request: Request, end_date: str) -> dict[str, Any]:
        asked = _query(request.raw_query)
        last_day = _day(end_date)
        period = self.state.period_ending(last_day)
        rows = self.state.rows(period)
        if asked.get("billableOnly"):
            rows = [row for row in rows if row.billable]
        size, number = asked.get("pageSize"), asked.get("page", 1)
        shown = rows[(number - 1) * size : number * size] if size else rows
        total = sum((row.quantity for row in rows if isinstance(row.quantity, Decimal)), Decimal(0))
        answer: dict[str, Any] = {
            "periodStart": period.start.isoformat() if period else None,
            "periodEnd": last_day.isoformat(),
            "complete": self._sandbox.settings.atria_complete,
            "recordCount": len(rows),
            "totalQuantity": text_from_decimal(total),
            "items": [wire_item(row) for row in shown],
        }
        if size:
            answer["nextPage"] = number + 1 if number * size < len(rows) else None
        return answer

    def revoke_tokens(self, *, refresh_too: bool) -> None:
        """Make all tokens invalid; Atria has no refresh tokens, so only a reset brings them back."""
        self._tokens = set()

    def failure_in_200(self, code: int, message: str) -> Response:
        """Return an error body under HTTP 200."""
        return failure(200, str(code), message)

    def refusal(self, status: int) -> Response:
        """Return an error body under an HTTP error."""
        return failure(status, str(status), "An error has occurred.")

    def with_wrong_total(self, content: Any, by: int) -> Any:
        """Raise the stated record count and total quantity."""
        content["recordCount"] += by
        content["totalQuantity"] = text_from_decimal(Decimal(content["totalQuantity"]) + by)
        return content

    def with_short_page(self, content: Any, by: int) -> Any:
        """Drop the last items."""
        content["items"] = content["items"][:-by]
        return content

    def with_lie(self, content: Any, delta: int) -> Any:
        """Change every quantity that is a number."""
        for item in content["items"]:
            if not isinstance(item["quantity"], str):
                item["quantity"] += delta
        return content


def _day(text: str) -> date:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise AtriaRefusal(400, "BadRequest", f"{text!r} is no date YYYY-MM-DD.")


def _query(raw_query: str) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    for name, text in parse_qsl(raw_query, keep_blank_values=True):
        if name in asked:
            raise AtriaRefusal(400, "BadRequest", f"Parameter {name} is given twice.")
        if name == "billableOnly" and text.lower() in {"true", "false"}:
            asked[name] = text.lower() == "true"
        elif name in {"page", "pageSize"} and re.fullmatch(r"[1-9]\d{0,6}", text):
            asked[name] = int(text)
        else:
            raise AtriaRefusal(400, "BadRequest", f"Parameter {name}={text} is not understood.")
    if asked.get("pageSize", 1) > PAGE_SIZE_MAX:
        raise AtriaRefusal(400, "BadRequest", f"pageSize must be 1 to {PAGE_SIZE_MAX}.")
    if "page" in asked and "pageSize" not in asked:
        raise AtriaRefusal(400, "BadRequest", "page wants pageSize.")
    return asked
