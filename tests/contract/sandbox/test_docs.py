"""The docs page tells what the code does."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest

from billing_providers.sandbox.doc_tables import refreshed, tables
from billing_providers.sandbox.kaseya_bms.routes import published_routes, tenant_routes
from billing_providers.sandbox.world import build_world

PAGE = Path(__file__).parents[3] / "docs" / "sandbox.md"


def test_the_tables_of_the_page_are_current() -> None:
    """To mend it: ``python -m billing_providers.sandbox.doc_tables docs/sandbox.md``."""
    page = PAGE.read_text(encoding="utf-8")

    assert refreshed(page) == page


def test_the_page_shows_every_table() -> None:
    """No table is left out."""
    page = PAGE.read_text(encoding="utf-8")

    assert [name for name in tables() if f"<!-- table: {name} -->" not in page] == []


def test_what_is_told_of_the_size_is_so() -> None:
    """The sizes on the page are those of the default seed."""
    world = build_world()

    assert "154 contracts with 713 lines, 133 services, 148 accounts" in PAGE.read_text(encoding="utf-8")
    sizes = [len(part) for part in (world.contracts, world.lines, world.services, world.accounts, world.customers)]
    assert sizes == [154, 713, 133, 148, 45]


@pytest.mark.parametrize("table", ["choices", "cw_choices", "sherweb_choices"])
def test_every_choice_is_marked_as_seen_or_assumed(table: str) -> None:
    """No answer is invented silently."""
    rows = tables()[table].splitlines()[2:]

    assert rows
    assert [row for row in rows if not row.split(" | ")[-1].startswith(("seen", "assumed"))] == []


def test_routes_and_specification_list_the_same_operations() -> None:
    """The twin answers exactly the embedded operations, no more and no fewer."""
    folder = files("billing_providers.sandbox.kaseya_bms")

    def embedded(name: str) -> set[tuple[str, str]]:
        paths = json.loads(folder.joinpath(name).read_text(encoding="utf-8"))["paths"]
        return {(method.upper(), path) for path, methods in paths.items() for method in methods}

    class NoSignIn:
        authenticate = refresh = sso_status = user_info = None

    published = {(route.method, route.template) for route in published_routes(NoSignIn())}  # type: ignore[arg-type]
    assert published == embedded("published_v2.json")
    assert {(route.method, route.template) for route in tenant_routes()} == embedded("tenant_line_api.json")
