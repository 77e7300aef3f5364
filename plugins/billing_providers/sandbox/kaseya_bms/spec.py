"""The specification that requests are checked against: the published one, and the tenant's line API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the specification. ``body`` is None when it takes none."""

    parameters: tuple[Schema, ...]
    body: Schema | None
    body_types: tuple[str, ...]  # content types
    answer: Schema


class Specification:
    """Operations and schemas; names are as in the specification (PascalCase)."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self.schemas: dict[str, Schema] = {}
        self._operations: dict[tuple[str, str], Operation] = {}
        for document in documents:
            self.schemas.update(document["components"]["schemas"])
            for template, methods in document["paths"].items():
                for method, operation in methods.items():
                    self._operations[method.upper(), template] = _operation(operation)

    def operation(self, method: str, template: str) -> Operation:
        """Return an operation.

        :raises KeyError: when the specification has none.
        """
        return self._operations[method, template]

    def operations(self) -> list[tuple[str, str]]:
        """Return method and template of every operation."""
        return sorted(self._operations)

    def resolved(self, schema: Schema) -> Schema:
        """Follow a reference."""
        return self.schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _operation(operation: dict[str, Any]) -> Operation:
    contents = operation.get("requestBody", {}).get("content", {})
    return Operation(
        parameters=tuple(operation.get("parameters", ())),
        body=next((content["schema"] for content in contents.values()), None),
        body_types=tuple(contents),
        answer=operation["responses"]["200"]["content"]["application/json"]["schema"],
    )


@cache
def specification() -> Specification:
    """Return the published operations that are simulated, and those of the tenant's line API."""
    folder = files("billing_providers.sandbox.kaseya_bms")
    return Specification(
        *(
            json.loads(folder.joinpath(name).read_text(encoding="utf-8"))
            for name in ("published_v2.json", "tenant_line_api.json")
        )
    )


def camel_case(name: str) -> str:
    """Return a specification name as it travels: .NET's camel case (``SLAId`` → ``slaId``)."""
    for place, letter in enumerate(name):
        following = name[place + 1 : place + 2]
        if not letter.isupper() or (place > 0 and following and not following.isupper()):
            return name[:place].lower() + name[place:]
    return name.lower()


def on_the_wire(value: Any) -> Any:
    """Return a value with all its names in camel case."""
    if isinstance(value, dict):
        return {camel_case(name): on_the_wire(part) for name, part in value.items()}
    if isinstance(value, list):
        return [on_the_wire(part) for part in value]
    return value
