"""The control plane over HTTP, under ``/_sandbox/``: JSON in, JSON out, 400 with the reason for a wrong request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from billing_providers.sandbox.control.plane import Control
from billing_providers.sandbox.core.messages import Request, Response

PREFIX = "/_sandbox"


class ControlRoutes:
    """Answers requests to the control plane. They are neither logged nor delayed, and no fault hits them."""

    def __init__(self, control: Control) -> None:
        self._table: dict[tuple[str, str], Callable[..., Any]] = {
            ("POST", "/reset"): control.reset,
            ("GET", "/settings"): control.settings,
            ("POST", "/settings"): control.change_settings,
            ("GET", "/audit"): control.audit,
            ("GET", "/requests"): control.requests,
            ("DELETE", "/requests"): control.forget_requests,
            ("POST", "/faults"): control.add_fault,
            ("GET", "/faults"): control.faults,
            ("DELETE", "/faults"): control.clear_faults,
            ("GET", "/lines"): control.lines,
            ("POST", "/edit-line"): control.edit_line,
            ("POST", "/edit-usage"): control.edit_usage,
            ("GET", "/usage"): control.usage,
            ("POST", "/invoice"): control.invoice,
            ("GET", "/world"): control.world,
            ("POST", "/clock"): lambda **given: _move_clock(control, **given),
        }

    def operations(self) -> list[tuple[str, str]]:
        """Return method and path of every operation."""
        return [(method, PREFIX + path) for method, path in self._table]

    def answer(self, request: Request) -> Response:
        """Answer one request; ``request.path`` is without the prefix."""
        operation = self._table.get((request.method, request.path))
        if operation is None:
            return Response(404, {"error": f"no operation {request.method} {PREFIX}{request.path}"})
        try:
            return Response(200, operation(**_arguments(request)))
        except (ValueError, TypeError, KeyError) as error:
            return Response(400, {"error": str(error)})


def _arguments(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(parse_qsl(request.raw_query, keep_blank_values=True))
    if request.body:
        body = json.loads(request.body)
        if not isinstance(body, dict):
            raise ValueError("the body must be a JSON object")
        given.update(body)
    return given


def _move_clock(control: Control, now: str | None = None, advance_s: float | None = None) -> dict[str, str]:
    if (now is None) is (advance_s is None):
        raise ValueError("give either now (an instant) or advance_s (seconds)")
    return {"now": control.set_clock(now) if now is not None else control.advance_clock(float(advance_s or 0))}
