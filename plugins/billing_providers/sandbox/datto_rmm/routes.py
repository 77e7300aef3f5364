"""The operations of the simulated Datto RMM: token, account, sites, devices, filters, limits. Nothing is changed.

Facts: the vendor's OpenAPI description 2.0.0 (``published_2_0.json``), and what public clients say of live accounts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from billing_providers.sandbox.core.faults import Fault
from billing_providers.sandbox.core.messages import Request, Response
from billing_providers.sandbox.core.router import NoSuchMethod, NoSuchPath, Route, Router
from billing_providers.sandbox.credentials import (
    DATTO_API_KEY,
    DATTO_API_SECRET,
    DATTO_DEVICES,
    DATTO_FILTERS,
    DATTO_SITES,
)
from billing_providers.sandbox.datto_rmm.errors import DattoRefusal, failure
from billing_providers.sandbox.datto_rmm.limits import ReadLimit
from billing_providers.sandbox.datto_rmm.paging import number_of, page_of
from billing_providers.sandbox.datto_rmm.shapes import Shapes, account
from billing_providers.sandbox.datto_rmm.sign_in import SignIn
from billing_providers.sandbox.datto_rmm.spec import description
from billing_providers.sandbox.datto_rmm.state import DattoState, ShownDevice, members
from billing_providers.sandbox.datto_rmm.troubles import lied, shortened, with_other_total
from billing_providers.sandbox.world.modules.rmm_records import RmmSite

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox
    from billing_providers.sandbox.world import World

SYSTEM = "datto_rmm"
TOKEN_PATH = "/auth/oauth/token"
STATUS_PATH = "/v2/system/status"
API = "/api"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Call:
    request: Request
    path: dict[str, str]
    query: dict[str, str]


class DattoRmmTwin:
    """The simulated Datto RMM."""

    key = SYSTEM
    connection = {"conn_type": SYSTEM, "login": DATTO_API_KEY, "password": DATTO_API_SECRET}  # noqa: RUF012 - the Twin protocol wants a plain mapping

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._sign_in = SignIn(sandbox)
        self._limit = ReadLimit(sandbox)
        self._router = Router(self._routes())
        self.reset(sandbox.world)

    def _routes(self) -> list[Route]:
        read: dict[str, tuple[Callable[[_Call], Any], str]] = {
            "/v2/account": (self._account, ""),
            "/v2/account/sites": (self._sites, DATTO_SITES),
            "/v2/account/devices": (self._devices, DATTO_DEVICES),
            "/v2/site/{siteUid}": (self._site, DATTO_SITES),
            "/v2/site/{siteUid}/devices": (self._site_devices, DATTO_DEVICES),
            "/v2/site/{siteUid}/filters": (self._site_filters, DATTO_FILTERS),
            "/v2/filter/default-filters": (self._default_filters, DATTO_FILTERS),
            "/v2/filter/custom-filters": (self._custom_filters, DATTO_FILTERS),
            "/v2/system/pagination": (self._pagination, ""),
            "/v2/system/request_rate": (self._request_rate, ""),
            STATUS_PATH: (self._status, ""),
        }
        return [
            Route("POST", TOKEN_PATH, self._token),
            *(Route("GET", f"{API}{template}", handler, right) for template, (handler, right) in read.items()),
        ]

    def reset(self, world: World) -> None:
        """Start over from a world."""
        self.state = DattoState(world, self._sandbox)
        self._sign_in.reset(world.seed)
        self._limit.reset()

    def route_of(self, method: str, path: str) -> Route | None:
        """Return the operation that a request means, None when there is none."""
        try:
            return self._router.match(method, path)[0]
        except (NoSuchPath, NoSuchMethod):
            return None

    def answer(self, request: Request) -> Response:
        """Check and answer a request; Datto RMM is only read."""
        now = self._sandbox.clock.now()
        try:
            self._limit.refuse_when_shut_out()
            route, path = self._router.match(request.method, request.path)
            if route.template == TOKEN_PATH:
                return Response(200, route.handler(_Call(request, path, {})))
            return Response(200, self._read(route, request, path))
        except DattoRefusal as refusal:
            return refusal.response(request.path, now)
        except NoSuchPath:
            return failure(404, request.path, now)
        except NoSuchMethod as error:
            return failure(405, request.path, now, {"Allow": str(error)})

    def _read(self, route: Route, request: Request, path: dict[str, str]) -> Any:
        template = route.template.removeprefix(API)
        if template != STATUS_PATH:
            user = self._sign_in.user_of(request.headers.get("authorization", ""))
            self._limit.take()
            if route.right and route.right not in user.rights:
                raise DattoRefusal(403)
        pairs = parse_qsl(request.raw_query, keep_blank_values=True)
        query = dict(pairs)
        if len(query) != len(pairs) or query.keys() - description().query_names(template) or request.body:
            raise DattoRefusal(400)
        return route.handler(_Call(request, path, query))

    def _token(self, call: _Call) -> dict[str, Any]:
        return self._sign_in.sign_in(call.request)

    def _account(self, _call: _Call) -> dict[str, Any]:
        state = self.state
        return account(state.devices(), state.account_id, state.account_uid, state.account_name)

    def _sites(self, call: _Call) -> dict[str, Any]:
        devices = self.state.devices_by_site()
        wanted = call.query.get("siteName", "")
        found = [site for site in self.state.sites() if _like(site.name, wanted)]
        shapes, uid = self._shapes, self.state.account_uid
        return self._page(call, "sites", found, lambda site: shapes.site(site, devices.get(site.site_id, []), uid))

    def _site(self, call: _Call) -> dict[str, Any]:
        site = self._known_site(call)
        devices = self.state.devices_by_site().get(site.site_id, [])
        return self._shapes.site(site, devices, self.state.account_uid)

    def _devices(self, call: _Call) -> dict[str, Any]:
        found = self.state.devices()
        if "filterId" in call.query:
            found = self._filtered(found, call)  # it alone decides (seen: the vendor's description)
        else:
            found = [entry for entry in found if _asked_for(entry, call.query)]
        return self._page(call, "devices", found, self._shapes.device)

    def _site_devices(self, call: _Call) -> dict[str, Any]:
        found = self.state.devices_by_site().get(self._known_site(call).site_id, [])
        if "filterId" in call.query:
            found = self._filtered(found, call)
        return self._page(call, "devices", found, self._shapes.device)

    def _filtered(self, found: list[ShownDevice], call: _Call) -> list[ShownDevice]:
        chosen = self.state.filter(number_of(call.query, "filterId", 0))
        if chosen is None:
            raise DattoRefusal(404)
        return members(found, chosen)

    def _known_site(self, call: _Call) -> RmmSite:
        site = self.state.site(call.path["siteUid"])
        if site is None:
            raise DattoRefusal(404)
        return site

    def _site_filters(self, call: _Call) -> dict[str, Any]:
        self._known_site(call)
        return self._page(call, "filters", [], self._shapes.filter)

    def _default_filters(self, call: _Call) -> dict[str, Any]:
        return self._page(call, "filters", self.state.filters("rmm_default"), self._shapes.filter)

    def _custom_filters(self, call: _Call) -> dict[str, Any]:
        return self._page(call, "filters", self.state.filters("custom"), self._shapes.filter)

    def _pagination(self, _call: _Call) -> dict[str, Any]:
        return {"max": self._sandbox.settings.datto_page_max}

    def _request_rate(self, _call: _Call) -> dict[str, Any]:
        return self._limit.told(self.state.account_uid)

    def _status(self, _call: _Call) -> dict[str, Any]:
        return {"version": "12.9.0 Build 235", "status": "OK", "started": "2026-01-10T02:14:00Z"}

    @property
    def _shapes(self) -> Shapes:
        return Shapes(self._sandbox.clock.now(), as_text=self._sandbox.settings.datto_instants_as_text)

    def _page(self, call: _Call, name: str, rows: list[T], shape: Callable[[T], Any]) -> dict[str, Any]:
        largest = self._sandbox.settings.datto_page_max
        details, shown = page_of(call.request, f"/{SYSTEM}", call.query, rows, largest)
        return {"pageDetails": details, name: [shape(row) for row in shown]}

    def revoke_tokens(self, *, refresh_too: bool) -> None:
        """Make all tokens invalid; a new sign-in gives another."""
        self._sign_in.revoke()

    def drift(self, request: Request, fault: Fault) -> None:
        """Refuse: Datto RMM has no contract lines.

        :raises ValueError: always.
        """
        raise ValueError("Datto RMM has no contract lines that could drift")

    def failure_in_200(self, code: int, message: str) -> Response:
        """Return an error body under HTTP 200."""
        made = failure(500, API, self._sandbox.clock.now())
        made.status = 200
        return made

    def refusal(self, status: int) -> Response:
        """Return an error body under an HTTP error."""
        return failure(status, API, self._sandbox.clock.now())

    def with_wrong_total(self, content: Any, by: int) -> Any:
        """Raise the stated total."""
        return with_other_total(content, by)

    def with_short_page(self, content: Any, by: int) -> Any:
        """Drop the last rows of a page; what it says of itself stays."""
        return shortened(content, by)

    def with_lie(self, content: Any, delta: int) -> Any:
        """Tell of other numbers of devices, and of deleted devices that are not."""
        return lied(content, delta)


def _asked_for(shown: ShownDevice, query: dict[str, str]) -> bool:
    device = shown.device
    texts = {
        "hostname": device.hostname,
        "deviceType": f"{device.category} {device.kind}",
        "operatingSystem": device.system,
        "siteName": shown.site.name,
    }
    return all(_like(text, query.get(name, "")) for name, text in texts.items())


def _like(text: str, part: str) -> bool:
    return part.casefold() in text.casefold()
