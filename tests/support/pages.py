"""Airflow's own API application with our pages in it, asked by people with different rights."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

from billing_providers.pages.lazy_app import LazyApp
from tests.support.airflow_env import ROOT

ADMIN, VIEWER = "admin", "viewer"


@cache
def airflow_app() -> Any:
    """Return Airflow's application as the API server runs it. The metadata database must be there."""
    from airflow.api_fastapi.app import create_app

    return create_app(apps="core")


def client(role: str = "", **headers: str) -> Any:
    """Return an HTTP client.

    :param role: of Airflow's simple auth manager; empty: not signed in.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the test client about its own dependencies
        from fastapi.testclient import TestClient

        made = TestClient(airflow_app(), base_url="http://127.0.0.1:8080", follow_redirects=False)
    made.headers.update({"Accept": "text/html", **headers})
    if role:
        made.headers["Authorization"] = f"Bearer {_token(role)}"
    return made


def page_routes() -> list[tuple[str, str]]:
    """Return (method, path) of every route of the pages but those of style and script."""
    routes = LazyApp().app.routes
    return sorted(
        (method, f"/billing{route.path}") for route in routes for method in getattr(route, "methods", None) or ()
    )


def know_shipped_dags() -> None:
    """Let Airflow read the shipped DAGs into its metadata database."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    bag = DagBag(ROOT / "dags", bundle_path=ROOT / "dags", bundle_name="dags-folder")
    assert not bag.import_errors
    with create_session() as session:
        session.merge(DagBundleModel(name="dags-folder"))
        session.flush()
        sync_bag_to_db(bag, "dags-folder", None, session=session)


def _token(role: str) -> str:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    airflow_app()
    return str(get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=role, role=role)))
