"""Reads what a billing rule does: one key of a rule names the action, its value holds the settings."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import yaml

from billing_providers.engine.proration import AnnualBilling, Convention, ProrationRule
from billing_providers.engine.rules.conditions import ATTRIBUTE_PREFIX, ROW_FIELDS, FieldType
from billing_providers.engine.rules.fold import Fold, FoldMode
from billing_providers.engine.rules.line_actions import (
    BUNDLE_COUNTS,
    ROUND_DIRECTIONS,
    Bundle,
    Ceiling,
    Floor,
    Included,
    Round,
)
from billing_providers.engine.rules.reading import NodeReader
from billing_providers.engine.rules.reading_conditions import read_value
from billing_providers.engine.rules.row_actions import (
    COUNT_BASES,
    SETTABLE_FIELDS,
    ConvertUnit,
    Count,
    Exclude,
    FieldCopy,
    Multiply,
    RenameSku,
    SetFields,
)
from billing_providers.engine.rules.yearly import Yearly
from billing_providers.model.decimals import EXACT

_ZERO = Decimal(0)
_PLACES_MAX = 18

# Powers of 1000 (decimal) or 1024 (binary) in one unit; what a GB is differs between vendors, so a rule must say it.
_SIZES = {"b": 0, "byte": 0, "bytes": 0, "kb": 1, "mb": 2, "gb": 3, "tb": 4, "pb": 5}
_GB = {"decimal": Decimal(1000), "binary": Decimal(1024)}


def read_exclude(reader: NodeReader, node: yaml.Node, key: str) -> Exclude | None:
    """``exclude: reason``."""
    reason = reader.text(node, key)
    return None if reason is None else Exclude(reason.strip())


def read_set(reader: NodeReader, node: yaml.Node, key: str) -> SetFields | None:
    """``set: {field: value, field: {field: other}}``."""
    values: list[tuple[str, Any]] = []
    entries = reader.known(node, key, SETTABLE_FIELDS, what="field that a rule may set")
    for name, value_node in (entries or {}).items():
        field_type = SETTABLE_FIELDS[name]
        value: Any
        if isinstance(value_node, yaml.MappingNode):
            value = _read_copy(reader, value_node, f"{key}.{name}", field_type)
        elif field_type is FieldType.NUMBER:
            value = reader.number(value_node, f"{key}.{name}", least=_ZERO)
        else:
            value = read_value(reader, value_node, f"{key}.{name}", field_type)
        values.append((name, value))
    if entries == {} and isinstance(node, yaml.MappingNode) and not node.value:
        reader.fault(node, key, "sets nothing", allowed=", ".join(SETTABLE_FIELDS))
    return SetFields(tuple(values)) if values and all(value is not None for _, value in values) else None


def _read_copy(reader: NodeReader, node: yaml.Node, key: str, field_type: FieldType) -> FieldCopy | None:
    entries = reader.known(node, key, ("field",))
    if entries is None or not reader.required(node, key, entries, ("field",)):
        return None
    alike = [name for name, other in ROW_FIELDS.items() if other is field_type]
    text = reader.text(entries["field"], f"{key}.field")
    if text is None:
        return None
    if text not in alike and not (field_type is FieldType.TEXT and text.startswith(ATTRIBUTE_PREFIX)):
        reader.unknown(entries["field"], f"{key}.field", alike, what=f"{field_type} field")
        return None
    return FieldCopy(text)


def read_rename_sku(reader: NodeReader, node: yaml.Node, key: str) -> RenameSku | None:
    """``rename_sku: new SKU``."""
    sku = reader.text(node, key)
    return None if sku is None else RenameSku(sku.strip())


def read_multiply(reader: NodeReader, node: yaml.Node, key: str) -> Multiply | None:
    """``multiply: factor``, above zero."""
    factor = reader.number(node, key, above_zero=True)
    return None if factor is None else Multiply(factor)


def read_count(reader: NodeReader, node: yaml.Node, key: str) -> Count | None:
    """``count: assigned | enabled | total``."""
    basis = reader.word(node, key, COUNT_BASES)
    return None if basis is None else Count(basis)


def read_unit(reader: NodeReader, node: yaml.Node, key: str) -> ConvertUnit | None:
    """``unit: {from: bytes, to: GB, gb: decimal | binary}``, or with ``factor`` for other units."""
    entries = reader.known(node, key, ("from", "to", "gb", "factor"))
    if entries is None or not reader.required(node, key, entries, ("from", "to")):
        return None
    unit_from = reader.text(entries["from"], f"{key}.from", empty=True)
    unit_to = reader.text(entries["to"], f"{key}.to")
    if unit_from is None or unit_to is None:
        return None
    factor = _read_unit_factor(reader, node, key, entries, (unit_from.strip(), unit_to.strip()))
    return None if factor is None else ConvertUnit(unit_from.strip(), unit_to.strip(), factor)


def _read_unit_factor(
    reader: NodeReader, node: yaml.Node, key: str, entries: dict[str, yaml.Node], units: tuple[str, str]
) -> Decimal | None:
    sizes = [_SIZES.get(unit.casefold()) for unit in units]
    if ("gb" in entries) is ("factor" in entries):
        allowed = "gb: decimal or gb: binary for sizes in bytes, factor: number for other units"
        reader.fault(node, key, "needs exactly one of gb and factor", allowed=allowed)
        return None
    if "factor" in entries:
        return reader.number(entries["factor"], f"{key}.factor", above_zero=True)
    base = reader.word(entries["gb"], f"{key}.gb", _GB)
    if base is None:
        return None
    if sizes[0] is None or sizes[1] is None:
        reader.fault(
            node, key, "gb is for sizes in bytes", allowed="bytes, KB, MB, GB, TB, PB; otherwise factor: number"
        )
        return None
    power = sizes[0] - sizes[1]
    whole = EXACT.power(_GB[base], abs(power))
    return whole if power >= 0 else EXACT.divide(Decimal(1), whole)


def read_round(reader: NodeReader, node: yaml.Node, key: str) -> Round | None:
    """``round: up | down | nearest``, or ``{to: up, step: 5}``, or ``{to: up, places: 2}``."""
    if not isinstance(node, yaml.MappingNode):
        direction = reader.word(node, key, ROUND_DIRECTIONS)
        return None if direction is None else Round(direction, Decimal(1))
    entries = reader.known(node, key, ("to", "step", "places"))
    if entries is None or not reader.required(node, key, entries, ("to",)):
        return None
    direction = reader.word(entries["to"], f"{key}.to", ROUND_DIRECTIONS)
    if "step" in entries and "places" in entries:
        reader.fault(node, key, "has both step and places", allowed="one of them")
        return None
    step: Decimal | None = Decimal(1)
    if "step" in entries:
        step = reader.number(entries["step"], f"{key}.step", above_zero=True)
    elif "places" in entries:
        places = reader.word(entries["places"], f"{key}.places", [str(count) for count in range(_PLACES_MAX + 1)])
        step = None if places is None else Decimal(1).scaleb(-int(places))
    return None if direction is None or step is None else Round(direction, step)


def read_floor(reader: NodeReader, node: yaml.Node, key: str) -> Floor | None:
    """``floor: minimum``."""
    number = reader.number(node, key, least=_ZERO)
    return None if number is None else Floor(number)


def read_ceiling(reader: NodeReader, node: yaml.Node, key: str) -> Ceiling | None:
    """``ceiling: maximum``."""
    number = reader.number(node, key, least=_ZERO)
    return None if number is None else Ceiling(number)


def read_included(reader: NodeReader, node: yaml.Node, key: str) -> Included | None:
    """``included: volume``."""
    number = reader.number(node, key, above_zero=True)
    return None if number is None else Included(number)


def read_bundle(reader: NodeReader, node: yaml.Node, key: str) -> Bundle | None:
    """``bundle: {skus: [A, B], into: C, count: sum | max | min, description: text}``."""
    entries = reader.known(node, key, ("skus", "into", "count", "description"))
    if entries is None or not reader.required(node, key, entries, ("skus", "into", "count")):
        return None
    part_nodes = reader.entries(entries["skus"], f"{key}.skus")
    if part_nodes == []:
        reader.fault(entries["skus"], f"{key}.skus", "is an empty list")
    parts = [reader.text(part, f"{key}.skus") for part in part_nodes or []]
    into = reader.text(entries["into"], f"{key}.into")
    count = reader.word(entries["count"], f"{key}.count", BUNDLE_COUNTS)
    description = reader.text(entries["description"], f"{key}.description") if "description" in entries else ""
    if not parts or None in parts or into is None or count is None or description is None:
        return None
    return Bundle(frozenset(part.strip() for part in parts if part), into.strip(), count, description.strip())


def read_fold(reader: NodeReader, node: yaml.Node, key: str) -> Fold | None:
    """``fold: at_end | at_start | peak | time_weighted``, or ``{mode: time_weighted, convention: actual_over_30}``."""
    if not isinstance(node, yaml.MappingNode):
        word = reader.word(node, key, [mode.value for mode in FoldMode])
        return None if word is None else Fold(FoldMode(word))
    entries = reader.known(node, key, ("mode", "convention"))
    if entries is None or not reader.required(node, key, entries, ("mode",)):
        return None
    mode = reader.word(entries["mode"], f"{key}.mode", [mode.value for mode in FoldMode])
    if "convention" not in entries:
        return None if mode is None else Fold(FoldMode(mode))
    computing = [one.value for one in Convention if one not in {Convention.PSA, Convention.NONE}]
    convention = reader.word(entries["convention"], f"{key}.convention", computing)
    if mode is None or convention is None:
        return None
    if FoldMode(mode) is not FoldMode.TIME_WEIGHTED:
        reader.fault(entries["convention"], f"{key}.convention", "weighs nothing here", allowed="mode: time_weighted")
        return None
    return Fold(FoldMode(mode), ProrationRule(Convention(convention)))


def read_yearly(reader: NodeReader, node: yaml.Node, key: str) -> Yearly | None:
    """``yearly: anniversary | spread``, or ``{billing: spread, before: anniversary, changed_on: 2026-07-01}``."""
    ways = [way.value for way in AnnualBilling]
    if not isinstance(node, yaml.MappingNode):
        word = reader.word(node, key, ways)
        return None if word is None else Yearly(AnnualBilling(word))
    names = ("billing", "before", "changed_on")
    entries = reader.known(node, key, names)
    if entries is None or not reader.required(node, key, entries, names):
        return None
    billing = reader.word(entries["billing"], f"{key}.billing", ways)
    before = reader.word(entries["before"], f"{key}.before", ways)
    changed_on = read_value(reader, entries["changed_on"], f"{key}.changed_on", FieldType.DATE)
    if billing is None or before is None or changed_on is None:
        return None
    return Yearly(AnnualBilling(billing), AnnualBilling(before), changed_on)


ROW_ACTIONS: dict[str, Callable[[NodeReader, yaml.Node, str], Any]] = {
    "exclude": read_exclude,
    "set": read_set,
    "rename_sku": read_rename_sku,
    "multiply": read_multiply,
    "count": read_count,
    "unit": read_unit,
    "fold": read_fold,
    "yearly": read_yearly,
}
LINE_ACTIONS: dict[str, Callable[[NodeReader, yaml.Node, str], Any]] = {
    "round": read_round,
    "floor": read_floor,
    "ceiling": read_ceiling,
    "included": read_included,
    "bundle": read_bundle,
}
