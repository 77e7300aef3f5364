"""The operations of the simulated MSP360: sign-in, billing of a month, and the lists around it. Nothing is changed.

Facts: the vendor's PowerShell module and help pages, through the derived description; no vendor OpenAPI exists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.core.messages import Request, Response
from billing_providers.sandbox.core.read_only import ReadOnlyTwin
from billing_providers.sandbox.core.router import NoSuchMethod, NoSuchPath, Route, Router
from billing_providers.sandbox.credentials import MSP360_LOGIN, MSP360_PASSWORD
from billing_providers.sandbox.msp360 import shapes
from billing_providers.sandbox.msp360.checks import body_of, count_of, flag_of, guid_of, month_of, no_body, pairs_of
from billing_providers.sandbox.msp360.errors import MbsRefusal, bad_request, failure
from billing_providers.sandbox.msp360.sign_in import SignIn
from billing_providers.sandbox.msp360.state import MbsState
from billing_providers.sandbox.msp360.troubles import lied, shortened, with_other_totals
from billing_providers.sandbox.world.resale.backup import stable_id
from billing_providers.sandbox.world.resale.backup_records import BackupUser, Month, UserMonth

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox
    from billing_providers.sandbox.world import World

SYSTEM = "msp360"
LOGIN_PATH = "/api/Provider/Login"
COUNT_MAX = 1000


@dataclass(frozen=True, slots=True)
class _Call:
    request: Request
    path: dict[str, str]
    query: dict[str, str]


class Msp360Twin(ReadOnlyTwin):
    """The simulated MSP360."""

    key = SYSTEM
    connection = {"conn_type": SYSTEM, "login": MSP360_LOGIN, "password": MSP360_PASSWORD}  # noqa: RUF012 - the Twin protocol wants a plain mapping

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._sign_in = SignIn(sandbox)
        self._router = Router(self._routes())
        self.reset(sandbox.world)

    def _routes(self) -> list[Route]:
        read: dict[str, Callable[[_Call], Any]] = {
            "/api/Billing": self._billing_now,
            "/api/Companies": self._companies,
            "/api/Companies/{id}": self._company,
            "/api/Users": self._users,
            "/api/Users/{id}": self._user,
            "/api/Users/{id}/Computers": self._user_computers,
            "/api/Licenses": self._licences,
            "/api/Packages": self._packages,
            "/api/Computers/{offset}/{count}": self._computers,
        }
        return [
            Route("POST", LOGIN_PATH, self._log_in),
            Route("PUT", "/api/Billing", self._billing),
            Route("PUT", "/api/Billing/Details", self._details),
            *(Route("GET", template, handler) for template, handler in read.items()),
        ]

    def reset(self, world: World) -> None:
        """Start over from a world."""
        self.state = MbsState(world, self._sandbox.settings)
        self._sign_in.reset(world.seed)

    def answer(self, request: Request) -> Response:
        """Check and answer a request; MSP360 is only read."""
        try:
            route, path = self._router.match(request.method, request.path)
            if route.template != LOGIN_PATH:
                self._sign_in.check(request.headers.get("authorization", ""))
            call = _Call(request, path, pairs_of(request.raw_query))
            if request.method == "GET":
                no_body(request)
            if call.query and route.template != "/api/Licenses":
                raise bad_request(f"There is no parameter {', '.join(call.query)}.")
            return Response(200, route.handler(call))
        except MbsRefusal as refusal:
            return refusal.response()
        except NoSuchPath:
            return failure(404, f"No HTTP resource was found that matches the request URI '{request.path}'.")
        except NoSuchMethod as error:
            refused = failure(405, f"The requested resource does not support http method '{request.method}'.")
            refused.headers["Allow"] = str(error)
            return refused

    @property
    def this_month(self) -> Month:
        """The current month, in UTC."""
        now = self._sandbox.clock.now()
        return Month(now.year, now.month)

    def _log_in(self, call: _Call) -> dict[str, Any]:
        return self._sign_in.sign_in(body_of(call.request, ("UserName", "Password"), form_too=True))

    def _billing_now(self, _call: _Call) -> dict[str, Any]:
        return self._billing_of(self.this_month, "")

    def _billing(self, call: _Call) -> dict[str, Any]:
        body = body_of(call.request, ("CompanyName", "Date"))
        return self._billing_of(month_of(body.get("Date"), self._sandbox.clock.now()), body.get("CompanyName") or "")

    def _billing_of(self, month: Month, company_name: str) -> dict[str, Any]:
        settings = self._sandbox.settings
        rows = self.state.rows(month, self.this_month, company_name)
        shown = [shapes.statistic(row, self.state.company_name(row.user, month)) for row in rows]
        if settings.msp360_short:
            shown = shown[:-1]
        if settings.msp360_malformed_row and shown:
            email = "malformed@mbs.example"
            shown.append({**shown[0], "UserId": stable_id("user", email), "Email": email, "AverageSpace": "twelve"})
        return shapes.billing(rows, shown)

    def _details(self, call: _Call) -> dict[str, Any]:
        body = body_of(call.request, ("UserID", "Date"))
        user = self._known_user(guid_of("UserID", body.get("UserID")))
        month = month_of(body.get("Date"), self._sandbox.clock.now())
        return shapes.details(user.user_id, self._row_of(user, month))

    def _row_of(self, user: BackupUser, month: Month) -> UserMonth | None:
        rows = self.state.rows(month, self.this_month)
        return next((row for row in rows if row.user.user_id == user.user_id), None)

    def _known_user(self, user_id: str) -> BackupUser:
        user = self.state.user(user_id)
        if user is None:
            raise MbsRefusal(404, f"User {user_id} was not found.")
        return user

    def _listed_user(self, call: _Call) -> BackupUser:
        user = self._known_user(guid_of("id", call.path["id"]))
        if not user.listed:
            raise MbsRefusal(404, f"User {user.user_id} was not found.")
        return user

    def _companies(self, _call: _Call) -> list[dict[str, Any]]:
        return [shapes.company(entry) for entry in self.state.companies()]

    def _company(self, call: _Call) -> dict[str, Any]:
        wanted = guid_of("id", call.path["id"])
        found = next((entry for entry in self.state.companies() if entry.company_id == wanted), None)
        if found is None:
            raise MbsRefusal(404, f"Company {wanted} was not found.")
        return shapes.company(found)

    def _users(self, _call: _Call) -> list[dict[str, Any]]:
        stored = {row.user.user_id: row for row in self.state.rows(self.this_month, self.this_month)}
        return [
            shapes.user(entry, self.state.company_name(entry), stored.get(entry.user_id))
            for entry in self.state.users()
        ]

    def _user(self, call: _Call) -> dict[str, Any]:
        user = self._listed_user(call)
        return shapes.user(user, self.state.company_name(user), self._row_of(user, self.this_month))

    def _user_computers(self, call: _Call) -> list[dict[str, Any]]:
        return shapes.user_computers(self._listed_user(call))

    def _licences(self, call: _Call) -> list[dict[str, Any]]:
        available = flag_of(call.query, "isAvailable")
        return [shapes.licence(entry) for entry in self.state.licences() if available in {None, entry.user is None}]

    def _packages(self, _call: _Call) -> list[dict[str, Any]]:
        return shapes.packages()

    def _computers(self, call: _Call) -> dict[str, Any]:
        offset = count_of("offset", call.path["offset"], 0, 999_999_999)
        count = count_of("count", call.path["count"], 1, COUNT_MAX)
        found = [(user, machine) for user in self.state.users() for machine in user.machines]
        shown = found[offset : offset + count]
        rows = [shapes.computer(user, machine, self.state.company_name(user)) for user, machine in shown]
        return {"Count": len(found), "Message": "", "StatusCode": 200, "Computers": rows}

    def revoke_tokens(self, *, refresh_too: bool) -> None:
        """Make all tokens invalid; a new sign-in gives another."""
        self._sign_in.revoke()

    def failure_in_200(self, code: int, message: str) -> Response:
        """Return an error body under HTTP 200."""
        return failure(200, message)

    def refusal(self, status: int) -> Response:
        """Return an error body under an HTTP error."""
        return failure(status, "An error has occurred.")

    def with_wrong_total(self, content: Any, by: int) -> Any:
        """Raise every stated total."""
        return with_other_totals(content, by)

    def with_short_page(self, content: Any, by: int) -> Any:
        """Drop the last rows of a list; totals stay."""
        return shortened(content, by)

    def with_lie(self, content: Any, delta: int) -> Any:
        """Change the sizes of all rows."""
        return lied(content, delta)
