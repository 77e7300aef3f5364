"""Laws of billing rules for any usage: nothing is lost, doubled, or changed by order."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from billing_providers.engine.rules import BillingRules, load_rules
from billing_providers.engine.rules.reading_actions import LINE_ACTIONS, ROW_ACTIONS
from billing_providers.errors import SettingsError
from billing_providers.model.usage import UsageRecord
from tests.support.usage_rows import NO_RULES, charges, one_rule, outcomes, row, ruled

QUANTITIES = st.one_of(
    st.integers(-50, 10_000).map(Decimal),
    st.decimals(min_value=-1000, max_value=10**9, places=6),
    st.sampled_from([Decimal("0.1"), Decimal("1E+3"), Decimal("0.000000000000000001"), Decimal("-0")]),
)
ROWS = st.lists(
    st.builds(
        row,
        quantity=QUANTITIES,
        sku=st.sampled_from(["A", "B", " B", "C", ""]),
        customer_code=st.sampled_from(["ASP", "FR1", "UJA "]),
        term=st.sampled_from(["monthly", "yearly"]),
        item_id=st.sampled_from(["", "x"]),
        billable=st.booleans(),
        attributes=st.sampled_from(["{}", '{"site":"Oslo"}', '{"site":"Bergen","n":1}']),
    ),
    max_size=12,
)
EXCLUDING = st.sampled_from(
    [
        NO_RULES,
        "exclude_without_sku: true",
        "rules: [{name: a, match: {sku: [A, B]}, exclude: x}, {name: b, match: {quantity: {min: 10}}, exclude: y}]",
        "rules: [{name: a, match: {attributes.site: Oslo}, exclude: x}, {name: b, customers: UJA, exclude: y}]",
    ]
)


def sum_of(quantities) -> Fraction:
    """The sum by other means than those of the product."""
    return sum((Fraction(quantity) for quantity in quantities), Fraction(0))


@given(ROWS, EXCLUDING)
def test_counted_and_excluded_are_all_there_was(rows: list[UsageRecord], rules: str):
    """Under rules that only exclude, charge lines and excluded rows sum to the input, row by row and in total."""
    result = ruled(rules, *rows)

    told = outcomes(result)
    left_out = [record.quantity for record, outcome in zip(rows, told, strict=True) if outcome.reason]
    assert sum_of(line.quantity for line in charges(result)) + sum_of(left_out) == sum_of(r.quantity for r in rows)
    assert all((outcome.charge_no is None) is bool(outcome.reason) for outcome in told)


@given(ROWS)
def test_sums_are_those_of_a_plain_loop(rows: list[UsageRecord]):
    """Columns, codes and ranks give exactly what a dictionary and one addition per row give."""
    expected: dict[tuple[str, ...], Fraction] = {}
    for record in rows:
        if record.billable:
            key = (record.customer_code.strip(), record.sku.strip(), record.term, record.item_id)
            expected[key] = expected.get(key, Fraction(0)) + Fraction(record.quantity)

    lines = charges(ruled(NO_RULES, *rows))

    told = {(line.customer_code, line.sku, line.term, line.item_id): Fraction(line.quantity) for line in lines}
    assert told == expected
    assert list(told) == sorted(told)


@given(ROWS, st.randoms(use_true_random=False), EXCLUDING)
def test_order_of_rows_changes_no_number(rows: list[UsageRecord], random, rules: str):
    """However the source orders its rows, the same lines get the same quantities."""
    shuffled = list(rows)
    random.shuffle(shuffled)

    def numbers(records: list[UsageRecord]):
        return [
            (line.customer_code, line.sku, line.term, line.item_id, line.quantity)
            for line in charges(ruled(rules, *records))
        ]

    assert numbers(shuffled) == numbers(rows)


@given(ROWS)
def test_every_line_is_the_sum_of_its_rows(rows: list[UsageRecord]):
    """The rows that lead to a line sum to it, after row rules, but for the places that nothing is kept to."""
    rules = "rules: [{name: a, match: {sku: A}, multiply: 0.25}, {name: b, match: {sku: B}, rename_sku: C}]"
    result = ruled(rules, *rows)

    for line in charges(result):
        behind = [outcome.quantity for outcome in outcomes(result) if outcome.charge_no == line.charge_no]
        rounded = Fraction(len(behind) + 1, 2 * 10**18)  # the sum and each row are kept to 18 places
        assert abs(sum_of(behind) - Fraction(line.quantity)) <= rounded
        assert len(behind) == line.record_count


@given(QUANTITIES, st.decimals(min_value=0, max_value=1000, places=2))
def test_floor_ceiling_and_included_keep_their_bounds(quantity: Decimal, bound: Decimal):
    """No sum from zero up ends below its floor, above its ceiling, or below zero after an included volume."""
    before = Fraction(quantity)
    floor = Fraction(charges(one_rule(f"floor: {bound}", row(quantity)))[0].quantity)
    ceiling = Fraction(charges(one_rule(f"ceiling: {bound}", row(quantity)))[0].quantity)
    assert floor == (max(before, Fraction(bound)) if before >= 0 else before)
    assert ceiling == (min(before, Fraction(bound)) if before >= 0 else before)
    if bound > 0:
        included = Fraction(charges(one_rule(f"included: {bound}", row(quantity)))[0].quantity)
        assert included == (max(before - Fraction(bound), Fraction(0)) if before >= 0 else before)


@given(
    st.decimals(min_value=0, max_value=10**6, places=4),
    st.sampled_from(["1", "5", "0.25", "0.0001", "12"]),
    st.sampled_from(["up", "down", "nearest"]),
)
@example(Decimal("2.5"), "5", "nearest")
def test_rounding_gives_the_right_multiple(quantity: Decimal, step: str, to: str):
    """A rounded sum is a multiple of its step, on the right side and less than a step away."""
    result = Fraction(charges(one_rule(f"round: {{to: {to}, step: {step}}}", row(quantity)))[0].quantity)
    before, size = Fraction(quantity), Fraction(step)

    assert result % size == 0
    if to == "up":
        assert 0 <= result - before < size
    elif to == "down":
        assert 0 <= before - result < size
    else:
        assert -size / 2 < result - before <= size / 2


@given(ROWS, st.sampled_from(["sum", "max", "min"]))
def test_bundle_touches_nothing_but_its_parts(rows: list[UsageRecord], count: str):
    """Lines outside a bundle keep their numbers, and a bundle that sums loses nothing."""
    rows = [replace(record, billable=True) for record in rows]
    plain = charges(ruled(NO_RULES, *rows))
    bundled = charges(one_rule(f"bundle: {{skus: [A, B], into: AB, count: {count}}}", *rows))

    def others(lines):
        return [(line.customer_code, line.sku, line.term, line.item_id, line.quantity) for line in lines
                if line.sku not in {"A", "B", "AB"}]  # fmt: skip

    assert others(bundled) == others(plain)
    assert not {"A", "B"} & {line.sku for line in bundled}
    if count == "sum":
        assert sum_of(line.quantity for line in bundled) == sum_of(line.quantity for line in plain)


WORDS = st.sampled_from(
    [
        *[
            "rules",
            "name",
            "match",
            "exclude",
            "set",
            "unit",
            "from",
            "to",
            "gb",
            "sku",
            "quantity",
            "min",
            "not",
            "in",
            "bundle",
            "skus",
            "round",
            "step",
        ],
        *["A", "1", "-1", "1e400", "2026-01-01", "true", "~", "''", "(", "*", "&a", "*a", "!!int", "|", ">", "%", "<<"],
        *("\t", "# x", "\u00a0", "\x07"),
    ]
)
FRAGMENTS = st.lists(
    st.one_of(WORDS, st.sampled_from([": ", ", ", "{", "}", "[", "]", "\n", "\n  - ", "\n    "])), max_size=25
)


@given(st.one_of(st.text(max_size=60), FRAGMENTS.map("".join)))
@example("rules: [{name: a, exclude: x, match: {sku: {regex: 'a{99999999999}'}}}]")
@example("%YAML 99999999999999999999.1\n--- {}")
@example("rules: [{name: a, multiply: !!python/object:os.system x}]")
def test_any_text_gives_rules_or_a_settings_error(text: str):
    """Whatever is in a file, the answer is rules or a clear refusal, never another exception."""
    try:
        rules = load_rules(text, "fuzz")
    except SettingsError as error:
        assert error.finding_number == 13
        assert str(error).startswith("fuzz")
    else:
        assert isinstance(rules, BillingRules)


KEYS = [
    "sku",
    "quantity",
    "min",
    "in",
    "not",
    "prefix",
    "to",
    "from",
    "gb",
    "step",
    "skus",
    "into",
    "count",
    "field",
    "regex",
    "term",
    "absent",
]
ACTIONS = sorted(ROW_ACTIONS | LINE_ACTIONS)
OTHER_KEYS = ["match", "customers", "from", "until", "name"]
VALUES = st.recursive(
    st.one_of(st.integers(-5, 5), st.booleans(), st.none(), st.sampled_from(["A", "up", "x", "bytes", "GB"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


@given(VALUES, st.sampled_from(ACTIONS + OTHER_KEYS))
def test_any_value_of_any_key_gives_rules_or_a_settings_error(value, key: str):
    """Wrong types anywhere in a rule are told, and rules that load can be applied and explained."""
    rule = {"name": "r", **({"floor": 1} if key in OTHER_KEYS else {}), key: value}
    text = json.dumps({"rules": [rule]})
    try:
        rules = load_rules(text, "fuzz")
    except SettingsError as error:
        assert error.finding_number == 13
    else:
        assert all(made.explain() for made in (*rules.row_rules, *rules.line_rules))
        assert rules.digest == load_rules(text, "again").digest
        ruled(text, row(3), row(None, assigned=Decimal(2)))
