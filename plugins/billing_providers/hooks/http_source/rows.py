"""Where each of our fields is found in a row of the vendor, or what it always is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing_providers.hooks.http_source.words import WHERE, known, mapping, wrong
from billing_providers.hooks.usage_fields import (
    NUMBER_FIELDS,
    ROW_FIELDS,
    RowFault,
    RowReader,
    field_names,
    number_of,
)
from billing_providers.model.usage import UsageKind

_QUANTITIES = ("quantity", "assigned", "enabled", "total")
_VARYING = frozenset({"record_id", "customer_code", "period_start", "period_end"})


def row_reader_of(source: str, fields: object, constants: object, **settings: Any) -> RowReader:
    """Return the reader of the vendor's rows.

    :raises SettingsError: for an unknown field (with a near one), a field that is missing, said twice, or whose fixed
        text is not what it needs.
    """
    names = field_names(dict.fromkeys(ROW_FIELDS, ""), mapping(fields, "fields"), where=f"{WHERE}, fields")
    fixed = mapping(constants, "constants")
    for field, value in fixed.items():
        _check_constant(field, value, names)
    if "customer_code" not in names:
        raise wrong("is missing", "fields", allowed="customer_code, the vendor's own code of the customer")
    if "sku" not in names and not str(fixed.get("sku", "")).strip():
        raise wrong("nothing says the SKU", "fields", allowed="sku in fields, or in constants")
    if not any(field in names or field in fixed for field in _QUANTITIES):
        raise wrong("nothing says how much", "fields", allowed=f"one of {', '.join(_QUANTITIES)}")
    return RowReader(source, names, constants=dict(fixed), **settings)


def _check_constant(field: str, value: object, names: Mapping[str, str]) -> None:
    key = f"constants.{known(field, ROW_FIELDS, 'constants')}"
    if field in names:
        raise wrong("is also in fields", key, value, "one of the two")
    if field in _VARYING:
        raise wrong("cannot be the same in every row", key, value)
    if not isinstance(value, str):
        raise wrong("is no text", key, value, "a text")
    if field == "kind":
        known(value, [kind.value for kind in UsageKind], key)
    if field == "billable":
        known(value, ("yes", "no"), key)
    if field in NUMBER_FIELDS:
        try:
            if number_of(value, field) is None:
                raise wrong("is empty", key, value, "a number")
        except RowFault as fault:
            raise wrong(fault.error, key, allowed="a number with a point") from None
