"""The operations of the simulated ConnectWise. Every call: codebase, limit, sign-in, right, check, handler."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from billing_providers.sandbox.connectwise import bundles, reads, writes
from billing_providers.sandbox.connectwise.bodies import json_body
from billing_providers.sandbox.connectwise.call import Answer, Call
from billing_providers.sandbox.connectwise.errors import (
    CwRefusal,
    bad_request,
    bare_not_found,
    missing_right,
    not_found,
    too_many_requests,
)
from billing_providers.sandbox.connectwise.listing import Asked
from billing_providers.sandbox.connectwise.sign_in import CwSignIn, version_asked
from billing_providers.sandbox.connectwise.spec import specification
from billing_providers.sandbox.connectwise.state import SYSTEM, CwState
from billing_providers.sandbox.connectwise.tampering import Tampering
from billing_providers.sandbox.core.budget import RollingBudget
from billing_providers.sandbox.core.messages import Request, Response
from billing_providers.sandbox.core.router import NoSuchMethod, NoSuchPath, Route, Router
from billing_providers.sandbox.credentials import (
    ACCOUNTS,
    AUDIT_TRAIL,
    CONTRACTS,
    CONTRACTS_MODIFY,
    CW_CLIENT_ID,
    CW_COMPANY_ID,
    CW_PRIVATE_KEY,
    CW_PUBLIC_KEY,
    INVOICES,
    SERVICES,
    CwMember,
)

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox
    from billing_providers.sandbox.world import World

_ANY = ""  # needs a member, but no right
_LOOK_UP = "/login/companyinfo/"
_ADDITIONS = "/finance/agreements/{parentId}/additions"
_FORWARD_ONLY = "forward-only"
_NO_FORWARD_ONLY = {"/system/audittrail"}
_LIMIT_WINDOW = timedelta(minutes=1)


def api_routes() -> list[Route]:
    """Return the simulated part of the published API; paths are without host and codebase."""
    return [
        Route("GET", "/company/companies", reads.companies, ACCOUNTS),
        Route("GET", "/company/companies/count", reads.companies_count, ACCOUNTS),
        Route("GET", "/company/companies/statuses", reads.company_statuses, ACCOUNTS),
        Route("GET", "/finance/agreements", reads.agreements, CONTRACTS),
        Route("GET", "/finance/agreements/count", reads.agreements_count, CONTRACTS),
        Route("GET", "/finance/agreements/types", reads.agreement_types, CONTRACTS),
        Route("GET", "/finance/agreements/{id}", reads.agreement, CONTRACTS),
        Route("GET", "/finance/billingCycles", reads.billing_cycles, CONTRACTS),
        Route("GET", "/finance/agreementrecap/", reads.recaps, CONTRACTS),
        Route("GET", "/finance/invoices", reads.invoices, INVOICES),
        Route("GET", "/procurement/catalog", reads.catalogue, SERVICES),
        Route("GET", "/procurement/catalog/count", reads.catalogue_count, SERVICES),
        Route("GET", "/system/audittrail", reads.audit_trail, AUDIT_TRAIL),
        Route("GET", "/system/info", reads.system_info, _ANY),
        Route("POST", "/system/bundles", bundles.bundle, _ANY),
        Route("GET", _ADDITIONS, reads.additions, CONTRACTS),
        Route("GET", f"{_ADDITIONS}/count", reads.additions_count, CONTRACTS),
        Route("GET", f"{_ADDITIONS}/{{id}}", reads.addition, CONTRACTS),
        Route("POST", _ADDITIONS, writes.add_addition, CONTRACTS_MODIFY, writes=True),
        Route("PUT", f"{_ADDITIONS}/{{id}}", writes.replace_addition, CONTRACTS_MODIFY, writes=True),
        Route("PATCH", f"{_ADDITIONS}/{{id}}", writes.patch_addition, CONTRACTS_MODIFY, writes=True),
        Route("DELETE", f"{_ADDITIONS}/{{id}}", writes.delete_addition, CONTRACTS_MODIFY, writes=True),
    ]


class ConnectWiseTwin(Tampering):
    """The simulated ConnectWise PSA."""

    key = SYSTEM
    connection = {  # noqa: RUF012 - the Twin protocol wants a plain mapping
        "conn_type": SYSTEM,
        "login": CW_PUBLIC_KEY,
        "password": CW_PRIVATE_KEY,
        "extra": {"company_id": CW_COMPANY_ID, "client_id": CW_CLIENT_ID},
    }

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._router = Router(api_routes())
        self._open_router = Router([Route("GET", f"{_LOOK_UP}{{companyId}}", self._company_info)])
        self.reset(sandbox.world)

    def reset(self, world: World) -> None:
        """Start over from a world: state, keys and limit."""
        self.state = CwState(world.resale.tenant, self._sandbox.clock, self._sandbox.audit)
        self._sign_in = CwSignIn(self._sandbox.settings)
        self._budget = RollingBudget(_LIMIT_WINDOW)

    def route_of(self, method: str, path: str) -> Route | None:
        """Return the operation that a request means, None when there is none."""
        try:
            return self.matched(method, path)[0]
        except CwRefusal:
            return None

    def matched(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the operation that a request means, and its path values as text.

        :raises CwRefusal: 404 (a bare one outside of the tenant's codebase) or 405.
        """
        router, inner = self._open_router, path
        if not path.startswith(_LOOK_UP):
            base = f"/{self._sandbox.settings.cw_codebase.strip('/')}/apis/3.0"
            if not path.startswith(f"{base}/"):
                raise bare_not_found()
            router, inner = self._router, path[len(base) :]
        try:
            return router.match(method, inner)
        except NoSuchPath:
            raise not_found(f"No operation has the path {inner}.") from None
        except NoSuchMethod as error:
            refusal = CwRefusal(405, "MethodNotAllowed", f"{inner} allows {error}.")
            refusal.headers["Allow"] = str(error)
            raise refusal from None

    def answer(self, request: Request) -> Response:
        """Check, apply and answer a request."""
        try:
            return self._answered(request)
        except CwRefusal as refusal:
            return refusal.response()

    def _answered(self, request: Request) -> Response:
        wait_s = self._wait_s()
        if wait_s:
            raise too_many_requests(wait_s)
        if request.path.startswith(_LOOK_UP):
            route, path = self.matched(request.method, request.path)
            return Response(200, route.handler(path["companyId"]))
        if self.route_of(request.method, request.path) is None:
            self.matched(request.method, request.path)  # refuses; what does not exist needs no sign-in
        member = self._sign_in.member(request.headers)
        version = version_asked(request.headers.get("accept", ""))
        call = self._call(request, member)
        with self.state.lock:
            answer: Answer = call.route.handler(call)
        return Response(
            answer.status,
            answer.content,
            {"api-current-version": version, **answer.headers},
            content_type=f"application/vnd.connectwise.com+json; version={version}",
        )

    def _call(self, request: Request, member: CwMember) -> Call:
        route, path = self.matched(request.method, request.path)
        if route.right and not {route.right, *([CONTRACTS] if route.writes else [])} <= member.rights:
            raise missing_right()
        query = _query(route, request.raw_query)
        forward_only = request.headers.get("pagination-type", "").lower() == _FORWARD_ONLY
        if route.method == "GET" and request.body:
            raise bad_request("InvalidObject", "This call takes no body.")
        return Call(
            route=route,
            state=self.state,
            settings=self._sandbox.settings,
            path={name: _number(text) for name, text in path.items()},
            query=query,
            asked=Asked.of(query, forward_only=forward_only and route.template not in _NO_FORWARD_ONLY),
            body=json_body(request) if route.method in {"POST", "PUT", "PATCH"} else None,
            member=member,
            request_id=request.request_id,
            address=f"http://{request.headers.get('host', '')}/{self.key}{request.path}",
        )

    def _wait_s(self) -> int:
        limit = self._sandbox.settings.cw_requests_per_minute
        return self._budget.wait_s(self.key, limit, self._sandbox.clock.now()) if limit else 0

    def _company_info(self, company_id: str) -> dict[str, Any] | None:
        """Tell where a company's API is, to anybody; null for an unknown company."""
        if company_id.casefold() != CW_COMPANY_ID:
            return None
        codebase = self._sandbox.settings.cw_codebase
        return {
            "CompanyName": CW_COMPANY_ID,
            "CompanyID": CW_COMPANY_ID,
            "Codebase": codebase,
            "VersionCode": codebase.strip("/"),
            "IsCloud": True,
        }

    def revoke_tokens(self, *, refresh_too: bool) -> None:
        """Make all keys invalid; there are no tokens, so only a reset brings them back."""
        self._sign_in.revoked = True


def _query(route: Route, raw_query: str) -> dict[str, str]:
    """Return the query's values under the specification's names.

    :raises CwRefusal: 400 for an unknown name, and for one that is given twice.
    """
    known = {name.lower(): name for name in specification().query_names(route.method, route.template)}
    values: dict[str, str] = {}
    for given, text in parse_qsl(raw_query, keep_blank_values=True):
        name = known.get(given.lower())
        if name is None or name in values:
            raise bad_request("InvalidObject", f"Query parameter {given} is {'given twice' if name else 'unknown'}.")
        values[name] = text
    return values


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise not_found(f"{text} is no id.")
    return int(text)
