"""The operations of the simulated BMS, and the way every call takes: path, limit, sign-in, right, check, handler."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.core.budget import RollingBudget
from billing_providers.sandbox.core.faults import Fault
from billing_providers.sandbox.core.messages import Request, Response
from billing_providers.sandbox.core.router import NoSuchMethod, NoSuchPath, Route, Router
from billing_providers.sandbox.core.sandbox import LINE_API
from billing_providers.sandbox.credentials import (
    ACCOUNTS,
    BMS_PASSWORD,
    BMS_TENANT,
    BMS_USER,
    CONTRACTS,
    CONTRACTS_MODIFY,
    INVOICES,
    SERVICES,
)
from billing_providers.sandbox.kaseya_bms import invoices, reads, writes
from billing_providers.sandbox.kaseya_bms.call import Bare, Call, Page
from billing_providers.sandbox.kaseya_bms.checks import RequestCheck
from billing_providers.sandbox.kaseya_bms.errors import (
    BmsRefusal,
    failure,
    missing_right,
    not_found,
    too_many_requests,
)
from billing_providers.sandbox.kaseya_bms.sign_in import SignIn
from billing_providers.sandbox.kaseya_bms.spec import on_the_wire, specification
from billing_providers.sandbox.kaseya_bms.state import SYSTEM, BmsState

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox
    from billing_providers.sandbox.world import World

OPEN = "open"  # needs no sign-in
_ANY = ""  # needs a sign-in, but no right
_LIMIT_WINDOW = timedelta(hours=1)
_SERVICES = "/v2/admin/finance/services"
_CONTRACTS = "/v2/finance/contracts"


def published_routes(sign_in: SignIn) -> list[Route]:
    """Return the simulated part of the published API."""
    return [
        Route("POST", "/v2/security/authenticate", sign_in.authenticate, OPEN),
        Route("POST", "/v2/security/refreshtoken", sign_in.refresh, OPEN),
        Route("GET", "/v2/security/ssostatus", sign_in.sso_status, OPEN),
        Route("GET", "/v2/security/userinfo", sign_in.user_info, _ANY),
        Route("GET", "/v2/crm/accounts/summary", reads.accounts_summary, ACCOUNTS),
        Route("GET", "/v2/crm/accounts/summary/{id}", reads.account_summary, ACCOUNTS),
        Route("GET", "/v2/crm/accounts/lookup", reads.accounts_lookup, ACCOUNTS),
        Route("GET", f"{_CONTRACTS}/summary", reads.contracts_summary, CONTRACTS),
        Route("GET", f"{_CONTRACTS}/lookup", reads.contracts_lookup, CONTRACTS),
        Route(
            "POST",
            f"{_CONTRACTS}/recurringservices/{{contractId}}/services",
            writes.add_lines,
            CONTRACTS_MODIFY,
            writes=True,
        ),
        Route("PUT", f"{_CONTRACTS}/{{contractId}}/activate", writes.activate, CONTRACTS_MODIFY, writes=True),
        Route("PUT", f"{_CONTRACTS}/{{contractId}}/deactivate", writes.deactivate, CONTRACTS_MODIFY, writes=True),
        Route("POST", f"{_SERVICES}/search", reads.services_search, SERVICES),
        Route("GET", f"{_SERVICES}/lookup", reads.services_lookup, SERVICES),
        Route("GET", f"{_SERVICES}/{{serviceId}}", reads.service, SERVICES),
        Route("POST", f"{_SERVICES}/{{serviceId}}/relatedservices/search", reads.related_services, SERVICES),
        Route("GET", "/v2/finance/invoices/summary", invoices.invoices_summary, INVOICES),
        Route("GET", "/v2/finance/invoices/{id}", invoices.invoice, INVOICES),
        Route("POST", "/v2/finance/invoices/details", invoices.invoice_details, INVOICES),
    ]


def tenant_routes() -> list[Route]:
    """Return the tenant's line API, which is not published."""
    line = f"{_CONTRACTS}/{{contract_id}}/services"
    return [
        Route("GET", line, writes.list_lines, CONTRACTS),
        Route("PUT", f"{line}/{{line_id}}", writes.put_line, CONTRACTS_MODIFY, writes=True),
    ]


class KaseyaBmsTwin:
    """The simulated Kaseya BMS."""

    key = SYSTEM
    connection = {  # noqa: RUF012 - the Twin protocol wants a plain mapping
        "conn_type": SYSTEM,
        "login": BMS_USER,
        "password": BMS_PASSWORD,
        "extra": {"tenant": BMS_TENANT},
    }

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._sign_in = SignIn(sandbox)
        self._check = RequestCheck(specification())
        self._published = Router(published_routes(self._sign_in))
        self._with_lines = Router([*published_routes(self._sign_in), *tenant_routes()])
        self.reset(sandbox.world)

    def reset(self, world: World) -> None:
        """Start over from a world: state, tokens and limits."""
        self.state = BmsState(world, self._sandbox.clock, self._sandbox.audit)
        self._sign_in.reset(world.seed)
        self._budget = RollingBudget(_LIMIT_WINDOW)

    def route_of(self, method: str, path: str) -> Route | None:
        """Return the operation that a request means, None when there is none."""
        try:
            return self._router().match(method, path)[0]
        except (NoSuchPath, NoSuchMethod):
            return None

    def answer(self, request: Request) -> Response:
        """Check, apply and answer a request."""
        try:
            result = self._result(request)
        except BmsRefusal as refusal:
            return refusal.response()
        if isinstance(result, Bare):
            return Response(200, on_the_wire(result.result))
        envelope: dict[str, Any] = {"success": True}
        if isinstance(result, Page):
            return Response(200, {**envelope, "result": on_the_wire(result.rows), "totalRecords": result.total})
        return Response(200, {**envelope, "result": on_the_wire(result)})

    def _result(self, request: Request) -> Any:
        route, path = self._matched(request)
        sandbox = self._sandbox
        now = sandbox.clock.now()
        limit = sandbox.settings.bms_requests_per_hour
        wait_s = self._budget.wait_s(f"{route.method} {route.template}", limit, now)
        if wait_s:
            raise too_many_requests(wait_s)
        user = None
        if route.right != OPEN:
            user = self._sign_in.bearer(request.headers.get("authorization", ""))
            if route.right and route.right not in user.rights:
                raise missing_right(route.right)
        operation = specification().operation(route.method, route.template)
        values = self._check.path_and_query(operation, path, request)
        body = self._check.body(operation, request)
        call = Call(route, self.state, sandbox.settings, values, body, user, request.request_id, now)
        with self.state.lock:
            return route.handler(call)

    def _router(self) -> Router:
        return self._with_lines if self._sandbox.settings.bms_shape == LINE_API else self._published

    def _matched(self, request: Request) -> tuple[Route, dict[str, str]]:
        try:
            return self._router().match(request.method, request.path)
        except NoSuchPath:
            raise not_found(f"No operation has the path {request.path}.") from None
        except NoSuchMethod as error:
            refusal = BmsRefusal(405, "Method Not Allowed", f"{request.path} allows {error}.")
            refusal.headers["Allow"] = str(error)
            raise refusal from None

    def revoke_tokens(self, *, refresh_too: bool) -> None:
        """Make all access tokens invalid, and on demand all refresh tokens."""
        self._sign_in.revoke(refresh_too=refresh_too)

    def drift(self, request: Request, fault: Fault) -> None:
        """Somebody adds units to a line: the named one, else the one in the path, else the contract's first open one.

        :raises ValueError: when neither fault nor request tells a line.
        """
        with self.state.lock:
            line_id = int(fault["line_id"]) if fault["line_id"] else self._line_in(request)
            units = self.state.lines[line_id].units + fault["delta"]
            self.state.edit_by_hand(line_id, "drift", units=units)

    def _line_in(self, request: Request) -> int:
        try:
            _, path = self._router().match(request.method, request.path)
        except (NoSuchPath, NoSuchMethod):
            path = {}
        if "line_id" in path:
            return int(path["line_id"])
        contract_id = int(path.get("contract_id") or path.get("contractId") or 0)
        for line in self.state.lines_of(contract_id):
            if line.active:
                return line.line_id
        raise ValueError("a drift wants a line_id, or a request that addresses a line or a contract")

    def failure_in_200(self, code: int, message: str) -> Response:
        """Return ``success: false`` under HTTP 200."""
        return failure(200, code, message)

    def refusal(self, status: int) -> Response:
        """Return the envelope under an HTTP error."""
        return failure(status, status, "An error has occurred.")

    def with_wrong_total(self, content: Any, by: int) -> Any:
        """Raise ``totalRecords``."""
        if "totalRecords" in content:
            content["totalRecords"] += by
        return content

    def with_short_page(self, content: Any, by: int) -> Any:
        """Drop the last rows of a list."""
        if isinstance(content.get("result"), list):
            content["result"] = content["result"][:-by]
        return content

    def with_lie(self, content: Any, delta: int) -> Any:
        """Change every ``units`` and ``qty``."""
        return _lied(content, delta)


def _lied(value: Any, delta: int) -> Any:
    if isinstance(value, list):
        return [_lied(part, delta) for part in value]
    if isinstance(value, dict):
        return {
            name: part + delta if name in {"units", "qty"} and part is not None else _lied(part, delta)
            for name, part in value.items()
        }
    return value
