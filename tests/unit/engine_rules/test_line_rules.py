"""Line rules change sums, after all row rules, in the order of the file."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.usage_rows import charges, codes, counted, one_rule, outcomes, row, ruled


@pytest.mark.parametrize(
    ("action", "quantity", "expected"),
    [
        ("round: up", "5.000000000000000001", "6"),
        ("round: up", "5", "5"),
        ("round: down", "5.99", "5"),
        ("round: nearest", "2.5", "3"),
        ("round: nearest", "2.4999", "2"),
        ("round: {to: up, step: 5}", "11", "15"),
        ("round: {to: down, step: 5}", "14.9", "10"),
        ("round: {to: nearest, step: 5}", "12.5", "15"),
        ("round: {to: nearest, step: 0.25}", "1.13", "1.25"),
        ("round: {to: nearest, places: 2}", "1.005", "1.01"),
        ("round: {to: up, places: 0}", "1.2", "2"),
        ("floor: 5", "4.99", "5"),
        ("floor: 5", "0", "5"),
        ("floor: 5", "5.01", "5.01"),
        ("ceiling: 100", "100.5", "100"),
        ("ceiling: 100", "99", "99"),
        ("included: 50", "50.25", "0.25"),
        ("included: 50", "49", "0"),
        ("included: 50", "0", "0"),
    ],
)
def test_action_on_the_sum(action, quantity, expected):
    """Rounding, bounds and included volume work on the sum, exactly, with a half going up."""
    rows = [row(Decimal(quantity) - 1), row(1)]

    assert counted(one_rule(action, *rows)) == {"MS365-BP": expected}


@pytest.mark.parametrize("action", ["round: up", "floor: 5", "ceiling: 1", "included: 2"])
def test_a_sum_below_zero_is_left_alone(action):
    """No rule hides a negative sum from the report that must come."""
    assert counted(one_rule(action, row(1), row("-3.5"))) == {"MS365-BP": "-2.5"}


def test_line_rules_run_after_row_rules_wherever_they_stand():
    """A floor at the top of the file still works on the sum that later row rules made."""
    result = ruled(
        """
        rules:
          - {name: least, floor: 10}
          - {name: halve, multiply: 0.5}
        """,
        row(8),
        row(4),
    )

    assert counted(result) == {"MS365-BP": "10"}
    assert [effect.rule for effect in result.effects] == ["halve", "least"]


def test_line_rules_run_in_order():
    """Included volume before rounding is another number than after it."""
    included_first = "rules: [{name: i, included: 2.5}, {name: r, round: {to: up, step: 5}}]"
    rounded_first = "rules: [{name: r, round: {to: up, step: 5}}, {name: i, included: 2.5}]"

    assert counted(ruled(included_first, row(6))) == {"MS365-BP": "5"}
    assert counted(ruled(rounded_first, row(6))) == {"MS365-BP": "7.5"}


def test_line_rules_match_fields_of_the_line():
    """The quantity that is matched is the sum, and the record count can be asked for."""
    rows = [row(3, sku="A"), row(3, sku="A"), row(5, sku="B")]

    assert counted(one_rule("match: {quantity: {min: 6}}, ceiling: 1", *rows)) == {"A": "1", "B": "5"}
    assert counted(one_rule("match: {record_count: 1}, ceiling: 1", *rows)) == {"A": "6", "B": "1"}


def test_only_lines_that_changed_name_the_rule():
    """A person who asks why it is 12 sees the rules that made it 12, not those that left it alone."""
    result = one_rule("floor: 5", row(3, sku="A"), row(7, sku="B"))

    assert [outcome.rule for outcome in outcomes(result)] == ["the rule", ""]
    assert (result.effects[0].rows_matched, str(result.effects[0].quantity_before)) == (2, "10")
    assert str(result.effects[0].quantity_after) == "12"


@pytest.mark.parametrize(("count", "expected"), [("sum", "9"), ("max", "6"), ("min", "3")])
def test_bundle_counts_its_parts_as_one(count, expected):
    """Several SKUs become one count; the parts disappear, over all their items."""
    result = one_rule(
        f"bundle: {{skus: [A, B], into: C, count: {count}}}",
        row(4, sku="A", item_id="x"),
        row(2, sku="A", item_id="y"),
        row(3, sku="B"),
        row(1, sku="D"),
    )

    assert counted(result) == {"C": expected, "D": "1"}
    assert [outcome.charge_no for outcome in outcomes(result)] == [1, 1, 1, 2]
    line = charges(result)[0]
    assert (line.record_count, line.item_id, line.unit_cost, line.unit_price) == (3, "", None, None)


@pytest.mark.parametrize(
    "amounts",
    [
        ({"unit_cost": Decimal(2)}, {"unit_cost": Decimal(3)}, {"unit_cost": Decimal(5)}),
        ({"total_cost": Decimal(8)}, {"total_cost": Decimal(9)}, {"total_cost": Decimal(10)}),
        ({"unit_cost": Decimal(2)}, {"total_cost": Decimal(9)}, {"unit_cost": Decimal(5)}),
        ({"unit_cost": Decimal(7), "total_cost": Decimal(8)}, {"unit_cost": Decimal(3)}, {"total_cost": Decimal(10)}),
    ],
)
def test_a_bundle_costs_what_its_parts_cost_in_total(amounts):
    """Whether the source tells totals or the cost of a unit: 4 A for 2, 3 B for 3, and 2 of the bundle itself for 5."""
    none = {"unit_cost": None, "unit_price": None}
    a, b, c = ({**none, **told} for told in amounts)
    result = one_rule(
        "bundle: {skus: [A, B], into: C, count: max}",
        row(4, sku="A", **a),
        row(3, sku="B", **b),
        row(2, sku="C", **c),
    )

    (line,) = charges(result)
    assert (line.quantity, line.total_cost, line.unit_cost) == (6, 27, None)
    assert (line.total_price, line.unit_price) == (None, None)


def test_a_part_that_tells_no_cost_leaves_the_bundle_without():
    """A cost is never guessed from the other parts."""
    told = row(4, sku="A", unit_cost=Decimal(2)), row(3, sku="B", unit_cost=None)

    (line,) = charges(one_rule("bundle: {skus: [A, B], into: C, count: sum}", *told))

    assert (line.quantity, line.total_cost) == (7, None)
    assert line.total_price == Decimal("160.30")


def test_only_what_joins_a_bundle_is_told_in_total():
    """The bundle's SKU of another customer, or with an item id, keeps what one unit costs."""
    rows = row(4, sku="A"), row(1, sku="C", customer_code="FR1"), row(1, sku="C", item_id="x")

    lines = charges(one_rule("bundle: {skus: [A, B], into: C, count: sum}", *rows))

    told = [(line.customer_code, line.item_id, line.unit_cost, line.total_cost) for line in lines]
    assert told == [
        ("ASP", "", None, Decimal("71.60")),
        ("ASP", "x", Decimal("17.90"), None),
        ("FR1", "", Decimal("17.90"), None),
    ]


def test_missing_part_of_a_bundle_is_zero():
    """The smallest part of an incomplete bundle is nothing at all."""
    assert counted(one_rule("bundle: {skus: [A, B], into: C, count: min}", row(4, sku="A"))) == {"C": "0"}


def test_bundles_keep_customers_terms_and_cycles_apart():
    """A bundle never mixes what is billed apart."""
    result = one_rule(
        "bundle: {skus: [A, B], into: C, count: sum}",
        row(1, sku="A"),
        row(2, sku="B", term="yearly"),
        row(4, sku="B", customer_code="FR1"),
        row(8, sku="B"),
    )

    told = [(line.customer_code, line.term, str(line.quantity)) for line in charges(result)]
    assert told == [("ASP", "monthly", "9"), ("ASP", "yearly", "2"), ("FR1", "monthly", "4")]


def test_usage_under_the_bundles_own_sku_is_added():
    """What is reported directly under the bundle's SKU is not lost."""
    result = one_rule("bundle: {skus: [A, B], into: C, count: max}", row(4, sku="A"), row(6, sku="B"), row(1, sku="C"))

    assert counted(result) == {"C": "7"}


def test_bundle_conditions_and_later_rules():
    """A bundle takes only the lines that its rule matches, and later rules see the bundle."""
    result = ruled(
        """
        rules:
          - {name: b, customers: ASP, bundle: {skus: [A, B], into: C, count: sum, description: Endpoint bundle}}
          - {name: f, match: {sku: C}, floor: 10}
        """,
        row(1, sku="A"),
        row(2, sku="B"),
        row(5, sku="A", customer_code="FR1"),
    )

    told = [(line.customer_code, line.sku, str(line.quantity), line.description) for line in charges(result)]
    assert told == [("ASP", "C", "10", "Endpoint bundle"), ("FR1", "A", "5", "Business Premium")]
    assert [outcome.rule for outcome in outcomes(result)] == ["b, f", "b, f", ""]


def test_bundle_of_different_units_has_no_sum():
    """Seats and gigabytes cannot be one count."""
    result = one_rule("bundle: {skus: [A, B], into: C, count: sum}", row(1, sku="A"), row(2, sku="B", unit="GB"))

    assert codes(result.findings) == ["KS151"]
    assert list(result.held_customers) == ["ASP"]


def test_line_rule_that_matches_nothing_is_a_finding():
    """Rules of sums are reported like rules of rows."""
    assert codes(one_rule("match: {sku: NOPE}, floor: 5", row(1)).findings) == ["KS112"]
