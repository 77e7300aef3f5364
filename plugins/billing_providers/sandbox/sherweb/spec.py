"""The descriptions: which operations there are, which parameters they take, which fields they answer.

``published_distributor_1.json`` is the vendor's own. ``derived_service_provider_1.json`` is not: its paths are those on
which independent clients agree, its fields those of the vendor's published .NET client.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

DISTRIBUTOR, SERVICE_PROVIDER = "distributor", "service-provider"  # scope, and first segment of the path
Schema = dict[str, Any]


class Description:
    """Operations and schemas of one of the two APIs."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.schemas: dict[str, Schema] = document["components"]["schemas"]
        self._paths: dict[str, dict[str, Any]] = document["paths"]

    def operations(self) -> list[tuple[str, str]]:
        """Return method and template of every operation."""
        return sorted((method.upper(), path) for path, methods in self._paths.items() for method in methods)

    def query_names(self, template: str) -> frozenset[str]:
        """Return the names of the query parameters that a reading operation takes.

        :raises KeyError: when there is no such operation.
        """
        return frozenset(
            entry["name"] for entry in self._paths[template]["get"]["parameters"] if entry["in"] == "query"
        )

    def answer(self, template: str) -> Schema:
        """Return the schema of a good answer."""
        schema: Schema = self._paths[template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        return schema


@cache
def description(api: str) -> Description:
    """Return the description of ``distributor`` or ``service-provider``."""
    name = "published_distributor_1.json" if api == DISTRIBUTOR else "derived_service_provider_1.json"
    document = files("billing_providers.sandbox.sherweb").joinpath(name)
    return Description(json.loads(document.read_text(encoding="utf-8")))


def base_of(api: str) -> str:
    """Return the path under which an API lies."""
    return f"/{api}/v1"
