"""From one row of a source to one usage record: the same rules for an API's answer and an exported file.

A field map says where each of our fields is found in a row. Nothing is guessed: a value that is not what its field
needs makes the row malformed, with field and reason. These fields must have a value: customer code, and a quantity
or one of the bases (assigned, enabled, total). Everything that no field takes is kept as JSON in ``attributes``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing_providers.errors import SettingsError
from billing_providers.hooks.near_words import did_you_mean
from billing_providers.model.decimals import DecimalError, decimal_from_text
from billing_providers.model.source import MalformedRow
from billing_providers.model.usage import UsageKind, UsageRecord

TEXT_FIELDS = (
    "record_id",
    "customer_code",
    "customer_name",
    "billing_identifier",
    "sku",
    "description",
    "summary",
    "term",
    "billing_cycle",
    "item_id",
    "unit",
    "currency",
    "actor",
    "plan",
)
NUMBER_FIELDS = ("quantity", "assigned", "enabled", "total", "unit_cost", "unit_price", "total_cost", "total_price")
ROW_FIELDS = (*TEXT_FIELDS, *NUMBER_FIELDS, "kind", "billable", "period_start", "period_end")

_YES = frozenset({"true", "yes", "y", "1"})
_NO = frozenset({"false", "no", "n", "0"})
_KINDS = {kind.value: kind for kind in UsageKind}


class RowFault(Exception):
    """A row cannot be read: which field, and why."""

    def __init__(self, field: str, error: str) -> None:
        super().__init__(f"{field}: {error}")
        self.field, self.error = field, error


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads the rows of one source.

    :param source: key of the source in the registry.
    :param names: our field → its name in a row; dots step into nested objects.
    :param end_is_last_day: whether the source prints the last day of a period rather than the day after.
    :param decimal_comma: whether a comma separates the decimals; otherwise a comma is refused.
    :param constants: our field → its text in every row, for what the source does not say.
    """

    source: str
    names: Mapping[str, str]
    end_is_last_day: bool = True
    decimal_comma: bool = False
    constants: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def record(self, row: Mapping[str, Any], position: str) -> UsageRecord | MalformedRow:
        """Return the record of one row, or why there is none."""
        try:
            return self._record(row, position)
        except RowFault as fault:
            return MalformedRow(
                position=position,
                field=self.names.get(fault.field, fault.field),
                error=fault.error,
                customer_code=_shown(self._value(row, "customer_code")),
                customer_name=_shown(self._value(row, "customer_name")),
            )

    def records(self, rows: Sequence[Any], name: str) -> tuple[list[UsageRecord], list[MalformedRow]]:
        """Return the records of a list of rows, and the rows of which there is none.

        :param name: of the list, for positions.
        """
        records: list[UsageRecord] = []
        malformed: list[MalformedRow] = []
        for index, row in enumerate(rows):
            position = f"{name}[{index}]"
            if not isinstance(row, Mapping):
                malformed.append(MalformedRow(position, "row", f"{row!r} is not an object"))
                continue
            read = self.record(row, position)
            records.append(read) if isinstance(read, UsageRecord) else malformed.append(read)
        return records, malformed

    def _record(self, row: Mapping[str, Any], position: str) -> UsageRecord:
        texts: dict[str, Any] = {field: text_of(self._value(row, field), field) for field in TEXT_FIELDS}
        numbers: dict[str, Any] = {field: self._number(row, field) for field in NUMBER_FIELDS}
        if not texts["customer_code"].strip():
            raise RowFault("customer_code", "is empty")
        if all(numbers[field] is None for field in ("quantity", "assigned", "enabled", "total")):
            raise RowFault("quantity", "is empty")
        texts["record_id"] = texts["record_id"] or position
        return UsageRecord(
            source=self.source,
            position=position,
            kind=_kind_of(text_of(self._value(row, "kind"), "kind")),
            billable=_billable(self._value(row, "billable")),
            period_start=day_of(self._value(row, "period_start"), "period_start"),
            period_end=self._end(row),
            attributes=self._attributes(row),
            **texts,
            **numbers,
        )

    def _value(self, row: Mapping[str, Any], field: str) -> Any:
        if field in self.constants:
            return self.constants[field]
        name = self.names.get(field)
        return None if name is None else value_at(row, name)

    def _number(self, row: Mapping[str, Any], field: str) -> Decimal | None:
        decimal_comma = self.decimal_comma and field not in self.constants
        return number_of(self._value(row, field), field, decimal_comma=decimal_comma)

    def _end(self, row: Mapping[str, Any]) -> date | None:
        end = day_of(self._value(row, "period_end"), "period_end")
        if end is None or not self.end_is_last_day:
            return end
        if end == date.max:
            raise RowFault("period_end", f"{end} is no last day of a period: no day follows it")
        return end + timedelta(days=1)

    def _attributes(self, row: Mapping[str, Any]) -> str:
        taken = set(self.names.values())
        rest = {name: value for name, value in row.items() if name not in taken}
        return json.dumps(rest, sort_keys=True, ensure_ascii=False, default=str) if rest else "{}"


def field_names(defaults: Mapping[str, str], field_map: Mapping[str, Any] | None, *, where: str) -> dict[str, str]:
    """Return the default names with those of a field map put in their place. An empty name switches a field off.

    :raises SettingsError: for a field that does not exist (with a near name) or a name that is no text.
    """
    names = dict(defaults)
    for field, name in (field_map or {}).items():
        if field not in defaults:
            hint = did_you_mean(field, defaults)
            raise SettingsError(f"unknown field{hint}", where=where, key=field, allowed=", ".join(defaults))
        if not isinstance(name, str):
            raise SettingsError("is no name", where=where, key=field, value=name, allowed="a text")
        names[field] = name.strip()
    return {field: name for field, name in names.items() if name}


def value_at(row: Mapping[str, Any], name: str) -> Any:
    """Return a value by its name; dots step into nested objects. None when any step is missing."""
    if name in row or "." not in name:
        return row.get(name)
    value: Any = row
    for step in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def text_of(value: Any, field: str) -> str:
    """Return a text as it was sent; numbers in their plain form, nothing as the empty text.

    :raises RowFault: for true, false, lists and objects.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise RowFault(field, f"{value!r} is not a text")


def number_of(value: Any, field: str, *, decimal_comma: bool = False) -> Decimal | None:
    """Return an exact decimal, None for an empty value.

    :raises RowFault: for anything that is not one; thousands separators and, unless set, decimal commas included.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str) and "," in value:
        if not decimal_comma:
            raise RowFault(field, f"{value!r} holds a comma; set decimal_comma if it separates the decimals")
        if value.count(",") > 1 or "." in value:
            raise RowFault(field, f"{value!r} is not a number with a decimal comma")
        value = value.replace(",", ".")
    elif isinstance(value, str) and decimal_comma and "." in value:
        raise RowFault(field, f"{value!r} holds a point although decimal_comma is set")
    try:
        return decimal_from_text(value)
    except DecimalError as error:
        raise RowFault(field, str(error)) from None


def day_of(value: Any, field: str) -> date | None:
    """Return the local date that an ISO date or date-time prints, None for an empty value.

    :raises RowFault: for anything else.
    """
    if value is None or value == "":
        return None
    text = value.strip() if isinstance(value, str) else ""
    try:
        if text[4:5] != "-" or text[10:11] not in {"", "T", " "}:
            raise ValueError(text)
        return date.fromisoformat(text[:10])
    except ValueError:
        raise RowFault(field, f"{value!r} is not a date YYYY-MM-DD") from None


def _kind_of(text: str) -> UsageKind:
    """Return the kind; rows without one are recurring, rows with a word that nobody knows are unknown."""
    word = text.strip().casefold()
    return _KINDS.get(word, UsageKind.UNKNOWN) if word else UsageKind.RECURRING


def _billable(value: Any) -> bool:
    """Return whether a row is billable: it is, unless the source says otherwise."""
    if isinstance(value, bool):
        return value
    word = text_of(value, "billable").strip().casefold()
    if word in _NO:
        return False
    if not word or word in _YES:
        return True
    raise RowFault("billable", f"{value!r} is neither yes nor no")


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else ""
