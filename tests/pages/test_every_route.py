"""What holds for every route, so that a new one is covered unedited."""

from __future__ import annotations

import re

import pytest

from tests.support.pages import ADMIN, VIEWER, client, page_routes

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "atria_to_kaseya_bms", path)


@pytest.mark.usefixtures("ledger")
def test_whoever_is_not_signed_in_sees_nothing() -> None:
    """Plugin routes are open to everybody unless they say otherwise."""
    answers = {route: client().request(route[0], filled(route[1])).status_code for route in page_routes()}

    assert len(answers) >= 3
    assert {route: status for route, status in answers.items() if status not in {401, 403}} == {}


@pytest.mark.usefixtures("ledger")
def test_a_viewer_changes_nothing() -> None:
    """What changes something needs the right to trigger the DAG."""
    changing = [route for route in page_routes() if route[0] in CHANGING]
    answers = {route: client(VIEWER).request(route[0], filled(route[1])).status_code for route in changing}

    assert {route: status for route, status in answers.items() if status != 403} == {}


@pytest.mark.usefixtures("ledger")
def test_a_form_of_another_site_changes_nothing() -> None:
    """A request in a person's name without the token that our own forms carry is refused."""
    changing = [route for route in page_routes() if route[0] in CHANGING]
    for method, path in changing:
        assert client(ADMIN).request(method, filled(path)).status_code == 403
        crossed = client(ADMIN, **{"Sec-Fetch-Site": "cross-site"}).request(method, filled(path))
        assert crossed.status_code == 403


@pytest.mark.usefixtures("ledger")
def test_every_page_loads_nothing_from_elsewhere() -> None:
    """Neither scripts nor styles nor frames of other places, and no inline ones."""
    for method, path in page_routes():
        if method == "GET":
            policy = client(ADMIN).get(filled(path)).headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
