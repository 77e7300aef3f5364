"""The published description: which operations there are, which parameters they take, which fields they answer."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

Schema = dict[str, Any]


class Description:
    """Operations and schemas of ``published_2_0.json``."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.schemas: dict[str, Schema] = document["components"]["schemas"]
        self._paths: dict[str, dict[str, Any]] = document["paths"]

    def operations(self) -> list[tuple[str, str]]:
        """Return method and template of every operation."""
        return sorted((method.upper(), path) for path, methods in self._paths.items() for method in methods)

    def query_names(self, template: str) -> frozenset[str]:
        """Return the names of the query parameters that an operation takes.

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
def description() -> Description:
    """Return the operations that are simulated, with all schemas that they use."""
    document = files("billing_providers.sandbox.datto_rmm").joinpath("published_2_0.json")
    return Description(json.loads(document.read_text(encoding="utf-8")))
