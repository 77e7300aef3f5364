"""The published specification: which operations there are, and which fields a record may show or be asked for."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

Schema = dict[str, Any]


class Specification:
    """Operations and schemas of ``published_2025_8.json``; names are case-sensitive."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.schemas: dict[str, Schema] = document["components"]["schemas"]
        self._paths: dict[str, dict[str, Any]] = document["paths"]

    def operations(self) -> list[tuple[str, str]]:
        """Return method and template of every operation."""
        return sorted((method.upper(), path) for path, methods in self._paths.items() for method in methods)

    def query_names(self, method: str, template: str) -> frozenset[str]:
        """Return the names of the query parameters that an operation takes.

        :raises KeyError: when the specification has no such operation.
        """
        parameters = self._paths[template][method.lower()]["parameters"]
        return frozenset(entry["name"] for entry in parameters if entry["in"] == "query")

    def enum_of_query(self, method: str, template: str, name: str) -> list[str]:
        """Return the values that a query parameter may have."""
        parameters = self._paths[template][method.lower()]["parameters"]
        return next(list(entry["schema"]["enum"]) for entry in parameters if entry["name"] == name)

    def field(self, model: str, path: str) -> Schema | None:
        """Return what a field is, by a path such as ``quantity`` or ``company/id``; None: there is no such field."""
        schema: Schema | None = {"$ref": f"#/components/schemas/{model}"}
        for name in path.split("/"):
            above = self.resolved(schema or {})
            schema = above.get("properties", {}).get(name, above.get("additionalProperties"))  # the latter: ``_info``
            if schema is None:
                return None
        return self.resolved(schema or {})

    def resolved(self, schema: Schema) -> Schema:
        """Follow a reference."""
        return self.schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


@cache
def specification() -> Specification:
    """Return the operations that are simulated, with all schemas that they use."""
    document = files("billing_providers.sandbox.connectwise").joinpath("published_2025_8.json")
    return Specification(json.loads(document.read_text(encoding="utf-8")))
