"""The control plane over HTTP, under ``/_sandbox/``: JSON in, JSON out, 400 with the reason for a wrong request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from billing_providers.sandbox.control.plane import Control
from billing_providers.sandbox.core.messages import Request, Response

PREFIX = "/_sandbox"

# Method and path to the operation of Control; query parameters or the fields of a JSON body are its arguments.
OPERATIONS: dict[tuple[str, str], Callable[..., Any]] = {
    ("POST", "/reset"): Control.reset,
    ("GET", "/settings"): Control.settings,
    ("POST", "/settings"): Control.change_settings,
    ("GET", "/audit"): Control.audit,
    ("GET", "/requests"): Control.requests,
    ("DELETE", "/requests"): Control.forget_requests,
    ("POST", "/faults"): Control.add_fault,
    ("GET", "/faults"): Control.faults,
    ("DELETE", "/faults"): Control.clear_faults,
    ("GET", "/lines"): Control.lines,
    ("POST", "/edit-line"): Control.edit_line,
    ("POST", "/edit-usage"): Control.edit_usage,
    ("GET", "/usage"): Control.usage,
    ("POST", "/invoice"): Control.invoice,
    ("GET", "/world"): Control.world,
    ("POST", "/clock"): Control.move_clock,
    ("POST", "/rename-company"): Control.rename_company,
    ("POST", "/edit-backup"): Control.edit_backup,
    ("POST", "/post-periods"): Control.post_periods,
    ("GET", "/billing-of-autotask"): Control.billing_of_autotask,
    ("GET", "/ignored-by-autotask"): Control.ignored_by_autotask,
    ("POST", "/enrol-devices"): Control.enrol_devices,
    ("POST", "/edit-device"): Control.edit_device,
    ("POST", "/edit-site"): Control.edit_site,
    ("GET", "/sherweb"): Control.sherweb,
    ("POST", "/change-seats"): Control.change_seats,
    ("POST", "/rename-sherweb-customer"): Control.rename_sherweb_customer,
    ("POST", "/edit-charges"): Control.edit_charges,
    ("POST", "/sherweb-troubles"): Control.sherweb_troubles,
}


class ControlRoutes:
    """Answers requests to the control plane. They are neither logged nor delayed, and no fault hits them."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def answer(self, request: Request) -> Response:
        """Answer one request; ``request.path`` is without the prefix."""
        operation = OPERATIONS.get((request.method, request.path))
        if operation is None:
            return Response(404, {"error": f"no operation {request.method} {PREFIX}{request.path}"})
        try:
            return Response(200, operation(self._control, **_arguments(request)))
        except (ValueError, TypeError) as error:
            return Response(400, {"error": str(error)})


def _arguments(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(parse_qsl(request.raw_query, keep_blank_values=True))
    if request.body:
        body = json.loads(request.body)
        if not isinstance(body, dict):
            raise ValueError("the body must be a JSON object")
        given.update(body)
    return given
