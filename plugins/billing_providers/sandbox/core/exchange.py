"""One request's way through the sandbox: latency, faults before, the twin, faults after, the wire."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.core.faults import Fault, FaultKind
from billing_providers.sandbox.core.messages import Request, Response, encode_json
from billing_providers.sandbox.core.twin import Twin

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox

MAINTENANCE_PAGE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back soon.</body></html>"


@dataclass(frozen=True, slots=True)
class Wire:
    """What the server does with the socket. ``missing_bytes``: Content-Length promises more than is sent."""

    response: Response | None  # None: the connection is closed without an answer
    missing_bytes: int = 0
    deaf_s: float = 0.0  # nobody listens for so many seconds


class Exchange:
    """Serves the requests of all twins."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End all waiting."""
        self._stopped.set()

    def serve(self, twin: Twin, request: Request) -> Wire:
        """Answer one request."""
        route = twin.route_of(request.method, request.path)
        template = route.template if route else "(unknown)"
        writes = bool(route and route.writes)
        with self._sandbox.requests.entry(twin.key, request, f"{request.method} {template}", writes) as row:
            faults = self._sandbox.faults.taken_by(twin.key, request.method, request.path, template)
            row["faults"] = [fault.kind.value for fault in faults]
            self._wait(self._sandbox.settings.latency_ms / 1000)
            wire = self._walk(twin, request, faults)
            if wire.response:
                row["status"] = wire.response.status
                wire.response.headers.setdefault("X-Request-Id", request.request_id)
            return wire

    def _walk(self, twin: Twin, request: Request, faults: list[Fault]) -> Wire:
        for fault in faults:
            wire = self._before(twin, request, fault)
            if wire:
                return wire
        wire = Wire(twin.answer(request))
        for fault in faults:
            wire = self._after(twin, fault, wire)
        return wire

    def _before(self, twin: Twin, request: Request, fault: Fault) -> Wire | None:
        match fault.kind:
            case FaultKind.DROP_BEFORE:
                return Wire(None)
            case FaultKind.REFUSE_CONNECTION:
                return Wire(None, deaf_s=float(fault["seconds"]))
            case FaultKind.REVOKE_TOKEN:
                twin.revoke_tokens(refresh_too=fault["refresh_too"])
            case FaultKind.DRIFT:
                twin.drift(request, fault)
            case FaultKind.SLOW if fault["before"]:
                self._wait(float(fault["seconds"]))
            case FaultKind.STATUS | FaultKind.HTML | FaultKind.SUCCESS_FALSE if not fault["applied"]:
                return Wire(self._failure(twin, fault))
        return None

    def _after(self, twin: Twin, fault: Fault, wire: Wire) -> Wire:
        response = wire.response
        if response is None:
            return wire
        match fault.kind:
            case FaultKind.STATUS | FaultKind.HTML | FaultKind.SUCCESS_FALSE if fault["applied"]:
                return Wire(self._failure(twin, fault))
            case FaultKind.DROP_AFTER:
                return Wire(None)
            case FaultKind.TRUNCATE:
                return _truncated(response, fault["how"])
            case FaultKind.SLOW if not fault["before"]:
                self._wait(float(fault["seconds"]))
            case FaultKind.WRONG_TOTAL:
                response.content = twin.with_wrong_total(_plain(response), fault["by"])
            case FaultKind.SHORT_PAGE:
                response.content = twin.with_short_page(_plain(response), fault["by"])
            case FaultKind.READBACK_LIE:
                response.content = twin.with_lie(_plain(response), fault["delta"])
        return wire

    def _failure(self, twin: Twin, fault: Fault) -> Response:
        if fault.kind is FaultKind.HTML:
            return Response(fault["status"], MAINTENANCE_PAGE, content_type="text/html; charset=utf-8")
        if fault.kind is FaultKind.SUCCESS_FALSE:
            return twin.failure_in_200(fault["code"], fault["message"])
        response = twin.refusal(fault["status"])
        seconds = fault["retry_after_s"]
        if seconds >= 0:
            response.headers["Retry-After"] = (
                str(seconds) if fault["retry_after_as"] == "seconds" else self._http_date_in(seconds)
            )
        return response

    def _http_date_in(self, seconds: int) -> str:
        return format_datetime(self._sandbox.clock.now() + timedelta(seconds=seconds), usegmt=True)

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._stopped.wait(seconds)


def _plain(response: Response) -> Any:
    """Return the content as a fresh JSON value: twins may answer with parts of their own state."""
    return json.loads(encode_json(response.content))


def _truncated(response: Response, how: str) -> Wire:
    body = response.encoded()
    kept = body[: len(body) // 2]
    response.content = kept
    return Wire(response, missing_bytes=len(body) - len(kept) if how == "length" else 0)
