"""Checks a request against the specification, field by field, and names every fault.

Names are compared without regard to case, as ASP.NET does. Unlike ASP.NET, unknown names are refused: a client
that sends them relies on something that does not exist.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from billing_providers.sandbox.core.messages import Request
from billing_providers.sandbox.kaseya_bms.errors import BmsRefusal, bad_request
from billing_providers.sandbox.kaseya_bms.spec import Operation, Schema, Specification

INT32 = range(-(2**31), 2**31)
FORM = "application/x-www-form-urlencoded"  # not in the specification, but what working clients send
MULTIPART = "multipart/form-data"
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)?)?")


class RequestCheck:
    """Turns path, query and body of a request into typed values under the specification's names."""

    def __init__(self, specification: Specification) -> None:
        self._spec = specification

    def path_and_query(self, operation: Operation, path: dict[str, str], request: Request) -> dict[str, Any]:
        """Return path and query values.

        :raises BmsRefusal: 400, with every fault.
        """
        pairs = [(name, text, "path") for name, text in path.items()]
        pairs += [(name, text, "query") for name, text in parse_qsl(request.raw_query, keep_blank_values=True)]
        known = {(parameter["name"].lower(), parameter["in"]): parameter for parameter in operation.parameters}
        values: dict[str, Any] = {}
        faults: list[str] = []
        given = {name.lower() for name, _, _ in pairs}
        for name, text, place in pairs:
            parameter = known.get((name.lower(), place))
            if parameter is None:
                faults.append(f"unknown {place} parameter {name}")
                continue
            self._add_parameter(parameter, text, values, faults)
        faults += [
            f"parameter {parameter['name']} is required"
            for parameter in operation.parameters
            if parameter.get("required") and parameter["name"].lower() not in given
        ]
        if faults:
            raise bad_request(*faults)
        return values

    def _add_parameter(self, parameter: Schema, text: str, values: dict[str, Any], faults: list[str]) -> None:
        name, schema = parameter["name"], parameter["schema"]
        try:
            if schema["type"] == "array":
                values.setdefault(name, []).append(_from_text(text, schema["items"]))
            elif name in values:
                faults.append(f"parameter {name} is given twice")
            else:
                values[name] = _from_text(text, schema)
        except ValueError as error:
            faults.append(f"parameter {name}: {error}")

    def body(self, operation: Operation, request: Request) -> Any:
        """Return the checked body, None for an operation without.

        :raises BmsRefusal: 400 with every fault, 415 for another content type.
        """
        if operation.body is None:
            if request.body:
                raise bad_request("this call takes no body")
            return None
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if MULTIPART in operation.body_types:
            value: Any = _form_value(request, content_type)
        elif _is_json(content_type):
            value = _json_value(request.body)
        else:
            raise BmsRefusal(415, "Unsupported Media Type", content_type or "no Content-Type")
        faults: list[str] = []
        checked = self._checked(value, operation.body, "body", faults)
        if faults:
            raise bad_request(*faults)
        return checked

    def _checked(self, value: Any, schema: Schema, at: str, faults: list[str]) -> Any:
        schema = self._spec.resolved(schema)
        if value is None:
            if not schema.get("nullable"):
                faults.append(f"{at}: null is not allowed")
            return None
        if schema["type"] == "object":
            return self._checked_object(value, schema, at, faults)
        if schema["type"] == "array":
            if not isinstance(value, list):
                faults.append(f"{at}: {_kind(value)} is no array")
                return None
            return [self._checked(part, schema["items"], f"{at}[{place}]", faults) for place, part in enumerate(value)]
        fault = _SCALARS[schema["type"]](value, schema)
        if fault:
            faults.append(f"{at}: {fault}")
        return value

    def _checked_object(self, value: Any, schema: Schema, at: str, faults: list[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            faults.append(f"{at}: {_kind(value)} is no object")
            return {}
        known = {name.lower(): name for name in schema["properties"]}
        checked: dict[str, Any] = {}
        for given, part in value.items():
            name = known.get(given.lower())
            if name is None:
                faults.append(f"{at}: unknown field {given}")
            elif name in checked:
                faults.append(f"{at}: field {name} is given twice")
            elif schema["properties"][name].get("readOnly"):
                faults.append(f"{at}: field {name} is read only")
            else:
                checked[name] = self._checked(part, schema["properties"][name], f"{at}.{name}", faults)
        missing = [name for name in schema.get("required", ()) if checked.get(name) in {None, ""}]
        faults += [f"{at}: field {name} is required" for name in missing]
        return checked


def _is_json(content_type: str) -> bool:
    return content_type in {"application/json", "text/json"} or (
        content_type.startswith("application/") and content_type.endswith("+json")
    )


def _json_value(body: bytes) -> Any:
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except ValueError as error:
        raise bad_request(f"body is no JSON: {error}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _form_value(request: Request, content_type: str) -> dict[str, str]:
    if content_type == FORM:
        pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    elif content_type == MULTIPART:
        pairs = _multipart_pairs(request)
    else:
        raise BmsRefusal(415, "Unsupported Media Type", content_type or "no Content-Type")
    names = [name.lower() for name, _ in pairs]
    if len(set(names)) < len(names):
        raise bad_request("a form field is given twice")
    return dict(pairs)


def _multipart_pairs(request: Request) -> list[tuple[str, str]]:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + request.body, policy=HTTP)
    if not message.is_multipart():
        raise bad_request("body is no multipart form")
    return [
        (str(part.get_param("name", "", header="content-disposition")), part.get_content().rstrip("\r\n"))
        for part in message.iter_parts()
    ]


def _from_text(text: str, schema: Schema) -> Any:
    kind = schema.get("type")
    if kind == "integer":
        if not re.fullmatch(r"-?\d{1,10}", text) or int(text) not in INT32:
            raise ValueError(f"{text!r} is no {schema.get('format', 'integer')}")
        return int(text)
    if kind == "boolean":
        if text.lower() not in {"true", "false"}:
            raise ValueError(f"{text!r} is no boolean")
        return text.lower() == "true"
    if schema.get("format") == "date-time" and not _is_date_time(text):
        raise ValueError(f"{text!r} is no date-time")
    return text


def _is_date_time(text: str) -> bool:
    if not _DATE_TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _kind(value: Any) -> str:
    return {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}.get(type(value), f"{value}")


def _integer_fault(value: Any, schema: Schema) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or value not in INT32:
        return f"{_kind(value)} is no {schema.get('format', 'integer')}"
    return ""


def _number_fault(value: Any, schema: Schema) -> str:
    wrong = isinstance(value, bool) or not isinstance(value, int | Decimal)
    return f"{_kind(value)} is no {schema.get('format', 'number')}" if wrong else ""


def _boolean_fault(value: Any, _: Schema) -> str:
    return "" if isinstance(value, bool) else f"{_kind(value)} is no boolean"


def _string_fault(value: Any, schema: Schema) -> str:
    if not isinstance(value, str):
        return f"{_kind(value)} is no string"
    if schema.get("format") == "date-time" and not _is_date_time(value):
        return f"{value!r} is no date-time"
    return ""


_SCALARS: dict[str, Callable[[Any, Schema], str]] = {
    "integer": _integer_fault,
    "number": _number_fault,
    "boolean": _boolean_fault,
    "string": _string_fault,
}
