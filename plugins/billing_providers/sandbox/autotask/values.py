"""Values of queries and bodies, read as the PSA reads them; and values of records, ready to be compared."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.autotask.errors import invalid
from billing_providers.sandbox.autotask.spec import BOOLEAN, DOUBLE, INSTANT, INTEGER, LONG, TEXT

_WHOLE = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)?")
INT32_MAX = 2**31 - 1


def comparable(kind: str, value: Any) -> Any:
    """Return a record's value ready to be compared; None where it holds nothing."""
    return value.casefold() if kind == TEXT and value is not None else value


def query_value(field: str, kind: str, value: Any) -> Any:
    """Return a query's value ready to be compared. Numeric text is taken as a number (assumed).

    :raises AtRefusal: 500 for null, and for a value that the database cannot convert.
    """
    if value is None:
        raise invalid(f"The value of {field} must not be null.")
    if isinstance(value, list | dict):
        raise invalid(f"The value of {field} must be a single value.")
    if kind == BOOLEAN:
        if not isinstance(value, bool):
            raise invalid(f"The value of {field} must be true or false, not {value!r}.")
        return value
    if kind == TEXT:
        return (value if isinstance(value, str) else str(value)).casefold()
    if kind == INSTANT:
        return _instant_text(value)
    return _converted(kind, value)


def _converted(kind: str, value: Any) -> int | Decimal:
    known = not isinstance(value, bool) and isinstance(value, int | Decimal)
    if known or (isinstance(value, str) and (_WHOLE if kind in (INTEGER, LONG) else _NUMBER).fullmatch(value)):
        return Decimal(value)
    # Seen: "Conversion failed when converting varchar ... to data type int"; the rest of the text: assumed.
    target = {INTEGER: "int", LONG: "bigint", DOUBLE: "float"}[kind]
    raise invalid(f"Conversion failed when converting the varchar value '{value}' to data type {target}.")


def _instant_text(value: Any) -> str:
    """Return an instant as records print it, in UTC; parts of seconds fall away."""
    try:
        if not isinstance(value, str) or not (_DAY.fullmatch(value) or _INSTANT.fullmatch(value)):
            raise ValueError
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise invalid(
            "Conversion failed when converting date and/or time from character string."  # assumed
        ) from None
    return instant_text(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def instant_text(instant: datetime) -> str:
    """Return an instant as the PSA prints it: UTC, whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_text(day: date | None) -> str | None:
    """Return a whole day as midnight in UTC, None for none."""
    return f"{day.isoformat()}T00:00:00Z" if day else None


def body_value(field: str, kind: str, value: Any) -> Any:
    """Return a value of a body; of a date with a time only the date is kept, as it is written (seen in the help).

    :raises AtRefusal: 500 for a value of another type (text: assumed).
    """
    wrong = invalid(f"Error converting value {value!r} to type '{kind}'. Path '{field}'.")
    if kind == BOOLEAN:
        if not isinstance(value, bool):
            raise wrong
        return value
    if kind in (INTEGER, LONG):
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > INT32_MAX:
            raise wrong
        return value
    if kind == DOUBLE:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise wrong
        return Decimal(repr(float(value)))
    if not isinstance(value, str):
        raise wrong
    return _day(value, wrong) if kind == INSTANT else value


def _day(value: str, wrong: Exception) -> date:
    try:
        if not (_DAY.fullmatch(value) or _INSTANT.fullmatch(value)):
            raise wrong
        datetime.fromisoformat(value)
        return date.fromisoformat(value[:10])
    except ValueError:
        raise wrong from None
