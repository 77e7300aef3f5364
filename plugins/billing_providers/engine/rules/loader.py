"""Loads billing rules from YAML. Everything that is wrong in a file is told at once, with line, key and near name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from billing_providers.engine.rules.charge_lines import ChargeLines
from billing_providers.engine.rules.conditions import LINE_FIELDS, ROW_FIELDS, Absent, Condition, Not, OneOf
from billing_providers.engine.rules.reading import NodeReader
from billing_providers.engine.rules.reading_actions import LINE_ACTIONS, ROW_ACTIONS
from billing_providers.engine.rules.reading_conditions import read_conditions
from billing_providers.engine.rules.row_actions import Exclude
from billing_providers.engine.rules.rule_set import BillingRules, Rule
from billing_providers.engine.rules.usage_rows import UsageRows
from billing_providers.errors import SettingsError

_FILE_KEYS = ("version", "description", "exclude_without_sku", "rules")
_ACTIONS = (*ROW_ACTIONS, *LINE_ACTIONS)
_RULE_KEYS = ("name", "description", "match", "customers", "except_customers", "from", "until", *_ACTIONS)

WITHOUT_SKU = "exclude_without_sku"


def load_rules_file(path: str | Path) -> BillingRules:
    """Return the billing rules of a UTF-8 file.

    :raises SettingsError: when it cannot be read, or for its faults.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(f"cannot be read: {reason}", where=str(path), key="rules", finding_number=13) from None
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"is not UTF-8 at byte {error.start}", where=str(path), key="rules", finding_number=13
        ) from None
    return load_rules(text, str(path))


def load_rules(text: str, origin: str) -> BillingRules:
    """Return the billing rules of a YAML text.

    :param origin: the file's name, for messages and reports.
    :raises SettingsError: for all faults of the text together; code 13.
    """
    root = _root(text, origin)
    reader = NodeReader(origin)
    entries = reader.known(root, "", _FILE_KEYS) or {}
    if "version" in entries:
        reader.word(entries["version"], "version", ["1"])
    if "description" in entries:
        reader.text(entries["description"], "description")
    rules = _rules(reader, entries["rules"]) if "rules" in entries else []
    if not entries and not reader.faults:
        reader.fault(root, "", "has no rules", allowed=", ".join(_FILE_KEYS))
    without_sku = WITHOUT_SKU in entries and reader.flag(entries[WITHOUT_SKU], WITHOUT_SKU)
    reader.raise_faults()
    row_rules: list[Rule[UsageRows]] = [rule for scope, rule in rules if scope == "row"]
    line_rules: list[Rule[ChargeLines]] = [rule for scope, rule in rules if scope == "line"]
    if without_sku:
        no_sku = Condition("sku", (Absent(True),))
        row_rules.append(Rule(WITHOUT_SKU, (no_sku,), Exclude("no SKU"), may_match_nothing=True))
    return BillingRules.of(origin, tuple(row_rules), tuple(line_rules))


def _root(text: str, origin: str) -> yaml.Node:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{origin}, line {mark.line + 1}, column {mark.column + 1}" if mark else origin
        raise SettingsError(f"is not readable as YAML: {error.problem}", where=where, finding_number=13) from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingsError(f"is not readable as YAML: {told}", where=origin, finding_number=13) from None
    if root is None:
        raise SettingsError("is empty", where=origin, allowed="rules: followed by a list", finding_number=13)
    return root


def _rules(reader: NodeReader, node: yaml.Node) -> list[tuple[str, Rule[Any]]]:
    rules: list[tuple[str, Rule[Any]]] = []
    names = {WITHOUT_SKU}
    for number, rule_node in enumerate(reader.entries(node, "rules") or [], start=1):
        found = _rule(reader, rule_node, f"rule {number}")
        if found is None:
            continue
        if found[1].name in names:
            reader.fault(rule_node, f"rule {number}.name", f"the name '{found[1].name}' is used twice")
        names.add(found[1].name)
        rules.append(found)
    return rules


def _rule(reader: NodeReader, node: yaml.Node, key: str) -> tuple[str, Rule[Any]] | None:
    """Return a rule with its scope: ``row`` or ``line``."""
    fault_count = len(reader.faults)
    entries = reader.known(node, key, _RULE_KEYS)
    if entries is None:
        return None
    name = reader.text(entries["name"], f"{key}.name") if "name" in entries else None
    reader.required(node, key, entries, ("name",))
    key = f"{key} '{name.strip()}'" if name else key
    if "description" in entries:
        reader.text(entries["description"], f"{key}.description")
    actions = [action for action in _ACTIONS if action in entries]
    if len(actions) != 1:
        problem = f"has {len(actions)} actions ({', '.join(actions)})" if actions else "has no action"
        reader.fault(node, key, problem, allowed=f"exactly one of {', '.join(_ACTIONS)}")
        return None
    kind = actions[0]
    scope = "row" if kind in ROW_ACTIONS else "line"
    action = (ROW_ACTIONS | LINE_ACTIONS)[kind](reader, entries[kind], f"{key}.{kind}")
    conditions = _conditions(reader, entries, key, kind)
    valid_from, valid_until = (
        reader.day(entries[bound], f"{key}.{bound}") if bound in entries else None for bound in ("from", "until")
    )
    if valid_from and valid_until and valid_from > valid_until:
        reader.fault(entries["from"], f"{key}.from", f"is after until ({valid_until})")
    if len(reader.faults) > fault_count or action is None or name is None:
        return None
    return scope, Rule(name.strip(), tuple(conditions), action, valid_from, valid_until)


def _conditions(reader: NodeReader, entries: dict[str, yaml.Node], key: str, kind: str) -> list[Condition]:
    fields, what = (
        (ROW_FIELDS, "field") if kind in ROW_ACTIONS else (LINE_FIELDS, f"field of charge lines, which {kind} works on")
    )
    conditions = (
        read_conditions(reader, entries["match"], f"{key}.match", fields, what=what) if "match" in entries else []
    )
    for name in ("customers", "except_customers"):
        if name in entries:
            conditions += _customers(reader, entries[name], f"{key}.{name}", negated=name == "except_customers")
    return conditions


def _customers(reader: NodeReader, node: yaml.Node, key: str, *, negated: bool) -> list[Condition]:
    """``customers: ASP`` or ``customers: [ASP, FR1]``: the source's customer codes."""
    nodes = [node] if isinstance(node, yaml.ScalarNode) else reader.entries(node, key)
    if nodes == []:
        reader.fault(node, key, "is an empty list")
    codes = [reader.text(code, key) for code in nodes or []]
    if not codes or None in codes:
        return []
    test = OneOf(frozenset(code.strip() for code in codes if code))
    return [Condition("customer_code", (Not((test,)) if negated else test,))]
