"""The FastAPI application: all routes, how errors are shown, and the headers that every answer carries."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from billing_providers.errors import BillingError
from billing_providers.pages.close import router as close
from billing_providers.pages.dashboard import router as dashboard
from billing_providers.pages.findings import router as findings
from billing_providers.pages.history import router as history
from billing_providers.pages.line import router as line
from billing_providers.pages.mapping_decide import router as mapping_decide
from billing_providers.pages.mappings import router as mappings
from billing_providers.pages.rendering import page
from billing_providers.pages.review import router as review
from billing_providers.pages.run import router as run
from billing_providers.pages.shown import NothingThere

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
#: Nothing is loaded from elsewhere, nothing runs inline, and only Airflow's own pages may show ours in a frame.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
ROUTERS = (close, dashboard, findings, history, line, mapping_decide, mappings, review, run)


def billing_app() -> FastAPI:
    """Return the application, without documentation pages: they would load scripts from elsewhere."""
    app = FastAPI(title="Billing", docs_url=None, redoc_url=None, openapi_url=None)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")  # style and script; nothing of anybody's
    app.middleware("http")(_with_headers)
    app.add_exception_handler(NothingThere, _nothing_there)
    app.add_exception_handler(BillingError, _fault)
    app.add_exception_handler(HTTPException, _refused)
    return app


async def _with_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if "/static/" in request.url.path:
        response.headers["Cache-Control"] = "max-age=3600"
    return response


async def _nothing_there(request: Request, missing: Exception) -> Response:
    return page(request, "nothing_there.html", status=404, problem=str(missing))


async def _fault(request: Request, fault: Exception) -> Response:
    log.error("A page could not be shown: %s", fault)
    return page(request, "fault.html", status=503, problem=str(fault))


async def _refused(request: Request, refusal: Exception) -> Response:
    """Tell people on a page, and programs as JSON, that they are not signed in or may not see something."""
    if not isinstance(refusal, HTTPException):
        raise refusal
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"detail": refusal.detail}, refusal.status_code, refusal.headers)
    return page(request, "refused.html", status=refusal.status_code, problem=str(refusal.detail))
