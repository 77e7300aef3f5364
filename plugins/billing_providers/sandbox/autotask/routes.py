"""The operations of the simulated Autotask. Every call: zone, path, sign-in, hourly limit, threads, handler."""

from __future__ import annotations

import json
import threading
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from billing_providers.sandbox.autotask import reads, writes
from billing_providers.sandbox.autotask.call import Call, Operation
from billing_providers.sandbox.autotask.errors import AtRefusal, invalid, no_zone, not_found
from billing_providers.sandbox.autotask.limits import Threads, Threshold
from billing_providers.sandbox.autotask.mistakes import Mistakes
from billing_providers.sandbox.autotask.pages import PageStore
from billing_providers.sandbox.autotask.records_of import QUERYABLE
from billing_providers.sandbox.autotask.sign_in import AtSignIn
from billing_providers.sandbox.autotask.spec import specification
from billing_providers.sandbox.autotask.state import SYSTEM, AtState
from billing_providers.sandbox.autotask.tampering import AtTampering
from billing_providers.sandbox.autotask.zones import Place, place_of, zone_address, zone_information, zone_of
from billing_providers.sandbox.core.messages import Request, Response
from billing_providers.sandbox.core.router import NoSuchMethod, NoSuchPath, Route, Router
from billing_providers.sandbox.credentials import AT_INTEGRATION_CODE, AT_SECRET, AT_USER, AtUser

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox
    from billing_providers.sandbox.world import World

URL_MAX = 2048  # of a GET (seen in a client)
_ZONE, _VERSIONS, _THRESHOLD = "/ZoneInformation", "/VersionInformation", "/ThresholdInformation"
_CHILDREN = {
    "Services": "ContractServices",
    "ServiceUnits": "ContractServiceUnits",
    "ServiceBundles": "ContractServiceBundles",
    "ServiceBundleUnits": "ContractServiceBundleUnits",
}
_ADJUSTMENTS = {"ServiceAdjustments": False, "ServiceBundleAdjustments": True}  # by whether of bundles


def api_routes() -> list[Route]:
    """Return the simulated part of the published API; paths are without host and version."""
    found = [_route("GET", path, path.strip("/"), _told_by_the_twin) for path in (_ZONE, _VERSIONS, _THRESHOLD)]
    for entity in specification().entities():
        found += [
            _route("GET", f"/{entity}/entityInformation", entity, reads.entity_information(entity)),
            _route("GET", f"/{entity}/entityInformation/fields", entity, reads.fields(entity)),
            _route("GET", f"/{entity}/entityInformation/userDefinedFields", entity, reads.user_defined_fields),
        ]
    for entity in QUERYABLE:
        for method in ("GET", "POST"):
            found += [
                _route(method, f"/{entity}/query", entity, reads.query(entity)),
                _route(method, f"/{entity}/query/next", entity, reads.next_page(entity)),
                _route(method, f"/{entity}/query/count", entity, reads.count(entity)),
            ]
        found.append(_route("GET", f"/{entity}/{{id}}", entity, reads.single(entity)))
    for child, entity in _CHILDREN.items():
        path = f"/Contracts/{{parentId}}/{child}"
        found += [
            _route("GET", path, entity, reads.of_contract(entity)),
            _route("GET", f"{path}/{{id}}", entity, reads.single_of_contract(entity)),
        ]
    for child, bundle in _ADJUSTMENTS.items():
        entity, run = f"Contract{child}", writes.adjust(bundle=bundle)
        found += [
            _route("POST", f"/{entity}", entity, run, writes_=True),
            _route("POST", f"/Contracts/{{parentId}}/{child}", entity, run, writes_=True),
        ]
    for child, bundle in (("Services", False), ("ServiceBundles", True)):
        path, run = f"/Contracts/{{parentId}}/{child}", writes.patch_line(bundle=bundle)
        found.append(_route("PATCH", path, _CHILDREN[child], run, writes_=True))
    return found


def _route(method: str, template: str, endpoint: str, run: Any, *, writes_: bool = False) -> Route:
    return Route(method, template, Operation(endpoint, run), writes=writes_)


def _told_by_the_twin(_: Call) -> Any:
    raise NotImplementedError


class AutotaskTwin(AtTampering):
    """The simulated Autotask PSA."""

    key = SYSTEM
    connection = {  # noqa: RUF012 - the Twin protocol wants a plain mapping
        "conn_type": SYSTEM,
        "login": AT_USER,
        "password": AT_SECRET,
        "extra": {"integration_code": AT_INTEGRATION_CODE},
    }

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        routes = api_routes()
        self._spelt = {(route.method, _lowered(route.template)): route for route in routes}
        self._router = Router([Route(route.method, _lowered(route.template), route.handler) for route in routes])
        self._quiet = threading.Event()  # never set: it only waits
        self.reset(sandbox.world)

    def reset(self, world: World) -> None:
        """Start over from a world: state, secrets, limits, pages."""
        self.state = AtState(world.modules.tenant, self._sandbox.clock, self._sandbox.audit)
        self._sign_in = AtSignIn()
        self._threads, self._threshold = Threads(), Threshold()
        self._pages, self.mistakes = PageStore(), Mistakes()

    def route_of(self, method: str, path: str) -> Route | None:
        """Return the operation that a request means, None when there is none."""
        try:
            return self.matched(method, path)[0]
        except AtRefusal:
            return None

    def matched(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the operation that a request means, whatever its zone, and its path values as text.

        :raises AtRefusal: 404 or 405.
        """
        place = place_of(path)
        if place is None:
            raise not_found("There is nothing at this address.")
        try:
            route, values = self._router.match(method, place.inner.lower().rstrip("/"))
        except NoSuchPath:
            raise not_found(f"No HTTP resource was found that matches the request URI {place.inner}.") from None
        except NoSuchMethod as error:
            refusal = AtRefusal(405, f"The requested resource does not support http method '{method}'.")
            refusal.headers["Allow"] = str(error)
            raise refusal from None
        names = {"parentid": "parentId", "id": "id"}
        return self._spelt[method, route.template], {names[name]: text for name, text in values.items()}

    def answer(self, request: Request) -> Response:
        """Check, apply and answer a request."""
        try:
            return Response(200, self._answered(request))
        except AtRefusal as refusal:
            return refusal.response()

    def _answered(self, request: Request) -> Any:
        arrived = time.monotonic()
        base = f"http://{request.headers.get('host', '')}/{self.key}"
        address = f"{base}{request.path}?{request.raw_query}"
        if request.method == "GET" and len(address) > URL_MAX:
            raise not_found("The request URL is too long.")
        place, (route, path) = place_of(request.path), self.matched(request.method, request.path)
        assert place is not None  # matching saw to it
        query = {name.lower(): text for name, text in parse_qsl(request.raw_query, keep_blank_values=True)}
        if route.template == _ZONE:
            return self._zone(query.get("user", ""), base)
        self._check_zone(place)
        if route.template == _VERSIONS:
            return {"apiVersions": ["1.0"]}
        user = self._sign_in.user(request.headers)
        settings = self._sandbox.settings
        used = self._threshold.take(self._sandbox.clock.now(), settings.at_threshold, settings.at_used_by_others)
        operation = route.handler
        assert isinstance(operation, Operation)
        with self._threads.taken(request.headers["apiintegrationcode"], operation.endpoint, settings.at_thread_status):
            try:
                if route.template == _THRESHOLD:
                    return self._usage(used)
                call = self._call(request, route, path, query, user, zone_address(settings, base))
                with self.state.lock:
                    return operation(call)
            finally:
                self._be_at_work_until(arrived + settings.at_latency_ms / 1000)

    def _zone(self, user: str, base: str) -> dict[str, Any]:
        if not user:
            raise no_zone()
        self._sign_in.knows(user)
        return zone_information(self._sandbox.settings, base)

    def _check_zone(self, place: Place) -> None:
        settings = self._sandbox.settings
        if place.zone != zone_of(settings).segment:
            raise AtRefusal(settings.at_old_zone_status, "The database of this user is in another zone.")

    def _be_at_work_until(self, moment: float) -> None:
        """Let a call hold its thread for all the time that the server takes, what the twin itself needs included."""
        seconds = moment - time.monotonic()
        if seconds > 0:
            self._quiet.wait(seconds)

    def _usage(self, used: int) -> dict[str, int]:
        limit = self._sandbox.settings.at_threshold
        return {
            "externalRequestThreshold": limit,
            "requestThresholdTimeframe": 60,
            "currentTimeframeRequestCount": used,
        }

    def _call(
        self, request: Request, route: Route, path: dict[str, str], query: dict[str, str], user: AtUser, zone_url: str
    ) -> Call:
        return Call(
            method=request.method,
            operation=f"{route.method} {route.template}",
            state=self.state,
            settings=self._sandbox.settings,
            path={name: _number(text) for name, text in path.items()},
            query=query,
            body=_json_body(request) if request.method in {"POST", "PATCH"} else None,
            user=user,
            request_id=request.request_id,
            zone_url=zone_url,
            pages=self._pages,
            mistakes=self.mistakes,
        )

    def revoke_tokens(self, *, refresh_too: bool) -> None:
        """Make all secrets invalid; there are no tokens, so only a reset brings them back."""
        self._sign_in.revoked = True


def _lowered(template: str) -> str:
    return template.lower()


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise not_found(f"{text} is no id.")
    return int(text)


def _json_body(request: Request) -> Any:
    """Return a JSON body; its numbers are exact decimals.

    :raises AtRefusal: 415 for another content type, 500 for what is no JSON (both assumed).
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise AtRefusal(415, f"The media type '{content_type or '(none)'}' is not supported for this resource.")
    try:
        return json.loads(request.body, parse_float=Decimal, parse_constant=_no_constant)
    except ValueError:
        raise invalid("The body is no JSON.") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
