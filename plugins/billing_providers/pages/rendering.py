"""Makes pages of templates. Whatever a name holds is shown as text: all values are escaped, and kept from turning the
direction of the words around them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse

from billing_providers.model.number_texts import money_text, quantity_text

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page.

    Templates know ``base`` (where our pages begin), ``airflow`` (where Airflow's do) and ``here`` (path of the page
    below ``base``), and the filters ``quantity``, ``money``, ``instant`` and ``day``.
    """
    base = request.scope.get("root_path", "").rstrip("/")
    values |= {
        "base": base,
        "airflow": base.removesuffix("/billing"),
        "here": request.url.path.removeprefix(base),
        "query": dict(request.query_params),
    }
    return HTMLResponse(_environment().get_template(template).render(values), status)


def linked(path: str, /, **query: object) -> str:
    """Return a path with a query; empty values are left out, so that addresses stay short."""
    told = {name: str(value) for name, value in query.items() if value not in (None, "", (), [])}
    return f"{path}?{urlencode(told)}" if told else path


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Mapping[str, Any] = {"quantity": quantity_text, "money": money_text, "instant": _instant, "day": _day}
    environment.filters.update(filters)
    environment.globals["linked"] = linked
    return environment


def _instant(value: datetime | None) -> str:
    return "–" if value is None else f"{value:%Y-%m-%d %H:%M} UTC"


def _day(value: date | None) -> str:
    return "–" if value is None else value.isoformat()
