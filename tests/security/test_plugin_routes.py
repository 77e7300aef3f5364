"""What the plugin adds to Airflow's web server answers nobody who may not see it, in Airflow's own application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.routing import Mount

from billing_providers.pages.app import STATIC
from billing_providers.plugin import BillingPlugin
from tests.support.pages import ADMIN, airflow_app, client, page_routes
from tests.support.two_months import DAG, TwoMonths, two_months

OLD_WAYS = ("flask_blueprints", "appbuilder_views", "appbuilder_menu_items", "fastapi_root_middlewares")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
DESCRIPTIONS = ("/docs", "/redoc", "/openapi.json")


def open_routes(app: Any, asked: Any, prefix: str = "") -> list[str]:
    """Return the routes of an application that answer an anonymous call with anything but a refusal."""
    found = []
    for route in app.routes:
        for method in sorted(getattr(route, "methods", None) or ()):
            path = route.path.replace("{", "").replace("}", "").replace(":path", "")
            if asked.request(method, f"{prefix}{path}").status_code not in {401, 403}:
                found.append(f"{method} {route.path}")
    return found


@pytest.fixture(scope="module")
def msp(airflow_db: Path, dags_known: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoMonths]:
    """Two closed periods behind the pages."""
    with two_months(tmp_path_factory.mktemp("msp")) as made:
        yield made


@pytest.fixture(scope="module")
def dags_known(airflow_db: Path) -> None:
    """Airflow has read the shipped DAGs."""
    from tests.support.pages import know_shipped_dags

    know_shipped_dags()


def test_no_page_of_the_plugin_answers_without_a_sign_in(msp: TwoMonths) -> None:
    """Findings, customers and prices are for those whom Airflow knows. Asked where Airflow has mounted the pages."""
    (entry,) = BillingPlugin.fastapi_apps
    pages = entry["app"].app
    mounted = [route for route in airflow_app().routes if isinstance(route, Mount) and route.path == "/billing"]

    assert len(mounted) == 1
    assert entry["url_prefix"] == "/billing"
    assert len([route for route in pages.routes if isinstance(route, APIRoute)]) >= 20
    assert open_routes(pages, client(), "/billing") == []
    assert [way for way in OLD_WAYS if getattr(BillingPlugin, way, [])] == []


def test_an_open_page_would_be_found() -> None:
    """Its description at the usual addresses included."""
    app = FastAPI(docs_url=None, redoc_url=None)
    app.router.routes.append(APIRoute("/customers/{code}", lambda code: {"code": code}, methods=["GET"]))
    asked = TestClient(app, raise_server_exceptions=False, follow_redirects=False)

    assert "GET /customers/{code}" in open_routes(app, asked)
    assert "GET /openapi.json" in open_routes(app, asked)


def test_nothing_describes_the_pages_and_no_method_is_let_through_by_chance(msp: TwoMonths) -> None:
    """A method that a route does not know is refused, signed in or not; the usual descriptions are not there."""
    for path in DESCRIPTIONS:
        assert client(ADMIN).get(f"/billing{path}").status_code == 404
    known = set(page_routes())
    for _, path in known:
        for method in METHODS:
            if (method, path) not in known:
                status = client().request(method, path.replace("{", "").replace("}", "")).status_code
                assert status in {401, 403, 404, 405}, (method, path, status)


def test_what_anybody_may_load_is_style_and_script_alone() -> None:
    """Without sign-in, as a browser loads them; nothing outside that folder."""
    assert {path.suffix for path in STATIC.rglob("*") if path.is_file()} <= {".css", ".js"}
    assert client().get("/billing/static/billing.css").status_code == 200
    for path in ("", "../app.py", "..%2fapp.py", "%2e%2e/app.py", "../templates/layout.html"):
        assert client().get(f"/billing/static/{path}").status_code in {401, 403, 404, 405}


def test_who_may_not_read_a_dag_sees_nothing_of_its_integration(
    msp: TwoMonths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its pages nor its rows on the pages over all integrations, nor in any file."""
    from airflow.api_fastapi.app import get_auth_manager

    manager = type(get_auth_manager())
    customer = msp.ledger.runs.customers(msp.october.run_key)[0].customer_name
    digest = msp.ledger.runs.find(msp.october.run_key).digest  # type: ignore[union-attr]
    told = client(ADMIN).get("/billing/findings?words=" + customer).text
    monkeypatch.setattr(manager, "is_authorized_dag", lambda *_, **__: False)
    monkeypatch.setattr(manager, "get_authorized_dag_ids", lambda *_, **__: set())

    assert customer in told
    for method, path in page_routes():
        if method != "GET":
            continue
        named = path.replace("{dag_id}", DAG).replace("{digest}", digest).replace("{form}", "csv")
        query = f"?dag_id={DAG}&run_id=october&run={DAG}%2Foctober&integration={DAG}"
        for address in (named, named + query):
            answer = client(ADMIN).get(address)
            assert answer.status_code in {200, 307, 403, 404}, (address, answer.status_code)
            assert customer not in answer.text
            assert digest[:12] not in answer.text
        if "{dag_id}" in path:
            assert client(ADMIN).get(named).status_code == 403, path


@pytest.mark.parametrize(
    "address",
    [
        "/close/no_such_dag", f"/close/{DAG}?period=1999-01-01", f"/close/{DAG}?period=soon",
        f"/review/{DAG}/{'0' * 64}", "/review?dag_id=no&run_id=such", "/run?dag_id=no&run_id=such",
        "/run/export.csv?dag_id=no&run_id=such", "/findings?run=no%2Fsuch", "/findings?integration=no_such_dag",
        "/findings?period=1999-01-01", "/findings/export.xlsx?run=no%2Fsuch", f"/findings/{DAG}/cause/none",
        f"/history/{DAG}/line/none", "/history?integration=no_such_dag", "/mappings/no_such_dag",
        f"/mappings/{DAG}/one?subject=nobody", f"/mappings/{DAG}?kind=neither", "/mappings?tenant=none",
        "/dashboard?integration=no_such_dag", "/dashboard/chart.gif", "/no/such/page",
    ],
)  # fmt: skip
def test_what_is_unknown_is_a_page_that_says_so(msp: TwoMonths, address: str) -> None:
    """A run, period, customer, line, diff or integration that is not there; never an error of the server."""
    answer = client(ADMIN).get(f"/billing{address}")

    assert answer.status_code == 404, answer.text[-300:]
    assert "<h1>" in answer.text
