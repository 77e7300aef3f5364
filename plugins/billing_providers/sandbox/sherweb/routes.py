"""The operations of the simulated Sherweb: token, payable charges, and a service provider's customers. Only read.

Every writing call is refused and shows in the log as one that writes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.core.budget import RollingBudget
from billing_providers.sandbox.core.faults import Fault
from billing_providers.sandbox.core.messages import Request, Response
from billing_providers.sandbox.core.router import NoSuchMethod, NoSuchPath, Route, Router
from billing_providers.sandbox.credentials import SHERWEB_CLIENT_ID, SHERWEB_CLIENT_SECRET, SHERWEB_SUBSCRIPTION_KEY
from billing_providers.sandbox.sherweb import shapes
from billing_providers.sandbox.sherweb.checks import KEY_IN_QUERY, check_names, customer_of, day_of, query_of
from billing_providers.sandbox.sherweb.errors import SherwebRefusal, problem, too_many
from billing_providers.sandbox.sherweb.sign_in import SignIn
from billing_providers.sandbox.sherweb.spec import DISTRIBUTOR, SERVICE_PROVIDER, base_of, description
from billing_providers.sandbox.sherweb.state import SherwebState
from billing_providers.sandbox.sherweb.troubles import lied, shortened
from billing_providers.sandbox.world.sherweb.records import Subscription

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox
    from billing_providers.sandbox.world import World

SYSTEM = "sherweb"
TOKEN_PATH = "/auth/oidc/connect/token"
WINDOW = timedelta(seconds=60)
_WRITES = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True, slots=True)
class _Call:
    request: Request
    query: dict[str, str]


def api_routes() -> list[tuple[str, str]]:
    """Return method and path of every operation that is known, the refused ones too."""
    return [
        ("POST", TOKEN_PATH),
        *(
            (method, base_of(api) + template)
            for api in (DISTRIBUTOR, SERVICE_PROVIDER)
            for method, template in description(api).operations()
        ),
    ]


class SherwebTwin:
    """The simulated Sherweb."""

    key = SYSTEM
    connection = {  # noqa: RUF012 - the Twin protocol wants a plain mapping
        "conn_type": SYSTEM,
        "login": SHERWEB_CLIENT_ID,
        "password": SHERWEB_CLIENT_SECRET,
        "extra": {"subscription_key": SHERWEB_SUBSCRIPTION_KEY},
    }

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._sign_in = SignIn(sandbox)
        self._router = Router(self._routes())
        self.reset(sandbox.world)

    def _routes(self) -> list[Route]:
        reads: dict[str, Callable[[_Call], Any]] = {
            f"{base_of(DISTRIBUTOR)}/billing/payable-charges": self._payable,
            f"{base_of(SERVICE_PROVIDER)}/customers": self._customers,
            f"{base_of(SERVICE_PROVIDER)}/billing/receivable-charges": self._receivable,
            f"{base_of(SERVICE_PROVIDER)}/billing/subscriptions": self._subscriptions,
            f"{base_of(SERVICE_PROVIDER)}/billing/subscriptions/details": self._details,
        }
        routes = [Route("POST", TOKEN_PATH, self._token)]
        for method, path in api_routes()[1:]:
            routes.append(Route(method, path, reads[path] if method == "GET" else _forbidden, writes=method != "GET"))
        return routes

    def reset(self, world: World) -> None:
        """Start over from a world."""
        self.state = SherwebState(world, self._sandbox)
        self._sign_in.reset(world.seed)
        self._budget = RollingBudget(WINDOW)

    def route_of(self, method: str, path: str) -> Route | None:
        """Return the operation that a request means; whatever could write is one."""
        try:
            return self._router.match(method, path)[0]
        except (NoSuchPath, NoSuchMethod):
            return Route(method, "(any)", _forbidden, writes=True) if method in _WRITES else None

    def answer(self, request: Request) -> Response:
        """Check and answer a request."""
        try:
            route = self.route_of(request.method, request.path)
            if route is None:
                raise SherwebRefusal(404, "Resource not found.")
            if route.template == TOKEN_PATH:
                return Response(200, route.handler(_Call(request, self._opened(request, at_token=True))))
            query = self._opened(request)
            api = DISTRIBUTOR if request.path.startswith(base_of(DISTRIBUTOR)) else SERVICE_PROVIDER
            self._sign_in.check_token(request.headers.get("authorization", ""), api)
            if not route.writes:
                template = route.template.removeprefix(base_of(api))
                check_names(query, description(api).query_names(template), request)
            return Response(200, route.handler(_Call(request, query)))
        except SherwebRefusal as refusal:
            return refusal.response(request.path)

    def _opened(self, request: Request, *, at_token: bool = False) -> dict[str, str]:
        """Return the query, after the gateway has seen the subscription key and counted the request."""
        settings = self._sandbox.settings
        query = query_of(request)
        given = query.pop(KEY_IN_QUERY, None)
        if settings.sherweb_key_at_token or not at_token:
            self._sign_in.check_key(request.headers.get("ocp-apim-subscription-key", given))
        if settings.sherweb_requests_per_minute:
            wait = self._budget.wait_s("all", settings.sherweb_requests_per_minute, self._sandbox.clock.now())
            if wait:
                raise SherwebRefusal(429, too_many(wait))
        return query

    def _token(self, call: _Call) -> dict[str, Any]:
        return self._sign_in.sign_in(call.request)

    def _payable(self, call: _Call) -> dict[str, Any]:
        period, charges = self.state.payable(day_of(call.query, self.state.today))
        settings = self._sandbox.settings
        form = shapes.ChargeForm(
            period, self.state.invoiced_on(period), settings.sherweb_id_tag, settings.sherweb_row_ids
        )
        ids = {customer.code: customer.customer_id for customer in self.state.sherweb.customers}
        return {
            "periodFrom": period.start.isoformat(),
            "periodTo": period.last_day.isoformat(),
            "charges": None if charges is None else shapes.payable(charges, ids, form),
        }

    def _customers(self, _call: _Call) -> dict[str, Any]:
        return {"items": [shapes.customer(entry, self.state.today) for entry in self.state.sherweb.customers]}

    def _receivable(self, call: _Call) -> dict[str, Any]:
        code = self._known_customer(customer_of(call.query))
        period = self.state.last_invoiced(self.state.period_of(day_of(call.query, self.state.today)))
        charges = [charge for charge in self.state.charges(period) if charge.customer_code == code]
        return {
            "periodFrom": period.start.isoformat(),
            "periodTo": period.last_day.isoformat(),
            "charges": shapes.receivable(charges),
        }

    def _subscriptions(self, call: _Call) -> dict[str, Any]:
        offers, today = self.state.sherweb.book.offers, self.state.today
        return {"items": [shapes.subscription(entry, offers[entry.offer_key], today) for entry in self._owned(call)]}

    def _details(self, call: _Call) -> dict[str, Any]:
        offers, today = self.state.sherweb.book.offers, self.state.today
        return {
            "items": [shapes.subscription_details(entry, offers[entry.offer_key], today) for entry in self._owned(call)]
        }

    def _owned(self, call: _Call) -> list[Subscription]:
        code = self._known_customer(customer_of(call.query))
        return self.state.subscriptions(code)

    def _known_customer(self, customer_id: str) -> str:
        found = next((one.code for one in self.state.sherweb.customers if one.customer_id == customer_id), None)
        if found is None:
            raise SherwebRefusal(404, f"Customer {customer_id} was not found.")
        return found

    def revoke_tokens(self, *, refresh_too: bool) -> None:
        """Make all tokens invalid; a new sign-in gives another."""
        self._sign_in.revoke()

    def drift(self, request: Request, fault: Fault) -> None:
        """Change for good the first charge of the customer whose code the fault names, or of the first one."""
        self.state.drift(fault["line_id"], fault["delta"])

    def failure_in_200(self, code: int, message: str) -> Response:
        """Return problem details under HTTP 200."""
        made = problem(code if code in range(400, 600) else 500, message)
        made.status = 200
        return made

    def refusal(self, status: int) -> Response:
        """Return problem details under an HTTP error; a 429 says how long to wait."""
        return problem(status, too_many(1) if status == 429 else "An error has occurred.")

    def with_wrong_total(self, content: Any, by: int) -> Any:
        """Return the answer as it is: Sherweb states no totals."""
        return content

    def with_short_page(self, content: Any, by: int) -> Any:
        """Drop the last rows of a list."""
        return shortened(content, by)

    def with_lie(self, content: Any, delta: int) -> Any:
        """Change the quantity of every row."""
        return lied(content, delta)


def _forbidden(call: _Call) -> Any:
    raise SherwebRefusal(403, f"{call.request.method} is forbidden: this client may only read.")
