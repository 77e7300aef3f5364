"""The request of one billing period: path, query and body with its dates filled in.

Placeholders: ``{period_start}`` and ``{period_last_day}`` (first and last day), ``{period_end}`` (the day after the
last), ``{year}`` and ``{month}`` (of the first day; two digits; only where the period is one calendar month). In the
path they are percent-encoded, so that no date can lead elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from billing_providers.errors import PeriodError
from billing_providers.hooks.http_source.words import WHERE, known, mapping, text, wrong
from billing_providers.model.periods import BillingPeriod

PLACEHOLDERS = ("period_start", "period_end", "period_last_day", "year", "month")
_METHODS = ("GET", "POST")
_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Filled:
    """A request that can be sent: path template with its values, query, and JSON body (None: none)."""

    path: str
    values: Mapping[str, str]
    params: Mapping[str, object]
    body: Any

    @property
    def shown_path(self) -> str:
        """The path as it is sent."""
        return self.path.format_map({name: quote(value, safe="") for name, value in self.values.items()})


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """A checked request. ``body`` None: none."""

    method: str
    path: str
    params: Mapping[str, object]
    body: Any

    @property
    def names_period(self) -> bool:
        """Whether the request says which period is wanted."""
        return any(True for _ in self._placeholders())

    def filled(self, period: BillingPeriod) -> Filled:
        """Return the request of a period.

        :raises PeriodError: when it asks for a month and the period is none.
        """
        values = _values(period)
        if "month" in set(self._placeholders()) and not _is_month(period):
            raise PeriodError(
                "the request asks for a month, and this period is none",
                where=WHERE,
                key="billing_period",
                value=str(period),
                allowed="one calendar month; or use {period_start} and {period_end}",
            )
        return Filled(self.path, values, _fill(self.params, values), _fill(self.body, values))

    def _placeholders(self) -> Iterator[str]:
        for part in (self.path, *_texts(self.params), *_texts(self.body)):
            yield from (found[1] for found in _BRACES.finditer(part))


def request_of(*, path: str, method: str, params: object, body: object) -> RequestTemplate:
    """Return a checked request.

    :raises SettingsError: for another method, a path that is none, an unknown placeholder (with a near one), a query
        in the path, parameters that are no plain values, or a body with GET.
    """
    method = known(text(method, "method").upper(), _METHODS, "method")
    path = text(path, "path")
    if not path.startswith("/") or re.search(r"[\s?#\\]", path):
        allowed = "a path such as /v1/usage/{period_start}; the query goes into params"
        raise wrong("is no path", "path", path, allowed)
    query = mapping(params, "params")
    for name, value in query.items():
        if not isinstance(value, str | int):
            raise wrong("is no plain value", f"params.{name}", value, "a text, a whole number, true or false")
    if body is not None and method == "GET":
        raise wrong("a GET has no body", "body", allowed="method POST, or params")
    if body is not None and not isinstance(body, Mapping):
        raise wrong("is no object", "body", body, "a JSON object")
    for key, parts in (("path", [path]), ("params", _texts(query)), ("body", _texts(body))):
        for part in parts:
            _check_placeholders(part, key)
    return RequestTemplate(method, path, dict(query), body)


def _check_placeholders(part: str, key: str) -> None:
    for found in _BRACES.finditer(part):
        if found[1] is None:
            raise wrong("holds a single brace", key, part, "placeholders in pairs of braces")
        known(found[1], PLACEHOLDERS, f"{key}, placeholder")


def _values(period: BillingPeriod) -> dict[str, str]:
    return {
        "period_start": period.start.isoformat(),
        "period_end": period.end.isoformat(),
        "period_last_day": period.last_day.isoformat(),
        "year": f"{period.start.year:04d}",
        "month": f"{period.start.month:02d}",
    }


def _is_month(period: BillingPeriod) -> bool:
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    return (period.start.day, period.end.day, months) == (1, 1, 1)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _fill(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _BRACES.sub(lambda found: values[found[1]], value)
    if isinstance(value, Mapping):
        return {name: _fill(inner, values) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_fill(inner, values) for inner in value]
    return value
