"""Which handler answers a method and a path. Literal segments win over parameters, as in ASP.NET."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: ``template`` holds parameters in braces; ``right`` is what the caller must hold, or empty."""

    method: str
    template: str
    handler: Callable[..., Any]
    right: str = ""
    writes: bool = False  # changes what is billed


class NoSuchPath(LookupError):
    """No operation has this path."""


class NoSuchMethod(LookupError):
    """Operations with this path exist, but none with this method; the argument lists the allowed ones."""


class Router:
    """A table of routes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        ordered = sorted(routes, key=lambda route: route.template.count("{"))
        self._table = [(re.compile(_pattern(route.template)), route) for route in ordered]

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route and its path values as text.

        :raises NoSuchPath: when no template fits.
        :raises NoSuchMethod: when only other methods fit.
        """
        allowed: set[str] = set()
        for pattern, route in self._table:
            found = pattern.fullmatch(path)
            if found and route.method == method:
                return route, {name: unquote(value) for name, value in found.groupdict().items()}
            if found:
                allowed.add(route.method)
        if allowed:
            raise NoSuchMethod(", ".join(sorted(allowed)))
        raise NoSuchPath(path)


def _pattern(template: str) -> str:
    parts = re.split(r"\{(\w+)\}", template)
    return "".join(f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
