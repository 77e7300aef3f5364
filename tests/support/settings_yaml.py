"""Writes settings as a person would write them in a settings file. The way back is the product's."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import yaml

from billing_providers.model.decimals import text_from_decimal


def settings_yaml(settings: Any) -> str:
    """Return a file that says every setting."""
    return yaml.safe_dump(_spoken(settings), allow_unicode=True, sort_keys=False)


def _spoken(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _spoken(getattr(value, field.name)) for field in fields(value)}
    if value is None:
        return "off"
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return f"{value.days} days {value.seconds} s"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return text_from_decimal(value)
    return [_spoken(entry) for entry in value] if isinstance(value, tuple) else value
