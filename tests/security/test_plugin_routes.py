"""What the plugin adds to Airflow's web server answers nobody who has not signed in."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from billing_providers.plugin import BillingPlugin

OLD_WAYS = ("flask_blueprints", "appbuilder_views", "appbuilder_menu_items", "fastapi_root_middlewares")


def open_routes(plugin: Any) -> list[str]:
    """Return the routes of a plugin that answer an anonymous call with anything but a refusal."""
    found = []
    for entry in getattr(plugin, "fastapi_apps", []):
        app = entry["app"]
        client = TestClient(app, raise_server_exceptions=False)
        for route in app.routes:
            for method in sorted(getattr(route, "methods", None) or {"GET"}):
                path = route.path.replace("{", "").replace("}", "")
                if client.request(method, path, follow_redirects=False).status_code not in {401, 403}:
                    found.append(f"{method} {route.path}")
    return found


def test_no_page_of_the_plugin_answers_without_a_sign_in() -> None:
    """Findings, customers and prices are for those whom Airflow knows."""
    assert open_routes(BillingPlugin) == []
    assert [way for way in OLD_WAYS if getattr(BillingPlugin, way, [])] == []


def test_an_open_page_would_be_found() -> None:
    """Its description at the usual addresses included."""
    app = FastAPI(docs_url=None, redoc_url=None)
    app.router.routes.append(APIRoute("/customers/{code}", lambda code: {"code": code}, methods=["GET"]))

    class Plugin:
        fastapi_apps = [{"app": app, "url_prefix": "/billing", "name": "billing"}]  # noqa: RUF012

    assert "GET /customers/{code}" in open_routes(Plugin)
    assert "GET /openapi.json" in open_routes(Plugin)
