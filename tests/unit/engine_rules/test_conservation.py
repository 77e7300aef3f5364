"""What a source charged is all there after the rules, or its customer is held and told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing_providers.engine.rules import row_actions
from billing_providers.engine.rules.usage_rows import UsageRows
from billing_providers.model.usage import UsageKind, UsageRecord
from tests.support.usage_rows import NO_RULES, charges, one_rule, outcomes, row, ruled

YEAR = {"covers_from": date(2026, 1, 26), "covers_until": date(2027, 1, 26)}


def charged(amount: str | None, quantity: str | int = 1, **fields) -> UsageRecord:
    """A row of which the source tells the total."""
    return row(quantity, **{"unit_cost": None, "total_cost": None if amount is None else Decimal(amount), **fields})


def told(result) -> list[tuple[str, str]]:
    return [(finding.code, finding.message) for finding in result.findings if finding.number in {205, 206}]


def test_what_is_kept_and_what_is_left_out_are_what_was_charged():
    """Excluded rows and rows of no quantity are accounted for with their cost, whatever quantities become."""
    result = ruled(
        "rules: [{name: t, match: {sku: T}, exclude: free}, {name: f, fold: at_end}, {name: c, floor: 100}]",
        charged("10.005"),
        charged("-2", quantity=-1),
        charged("5", sku="T"),
        charged("7", kind=UsageKind.SETUP),
        charged("1", billable=False),
    )

    assert told(result) == []
    assert result.held_customers == {}
    assert [line.total_cost for line in charges(result)] == [Decimal("8.005")]
    assert [outcome.cost for outcome in outcomes(result)] == [Decimal("10.005"), Decimal(-2), None, None, None]


def test_charges_of_one_line_in_two_currencies_hold_their_customer():
    """Ten pounds and ten euros reach a line that cannot hold either: nobody may bill it and lose both."""
    result = ruled(NO_RULES, charged("10"), charged("10", currency="EUR"), charged("3", customer_code="FR1"))

    assert list(result.held_customers) == ["ASP"]
    assert [code for code, _ in told(result)] == ["KS205", "KS205"]
    assert told(result)[0][1] == (
        "Asp Ltd: Atria charged 10 EUR, and 0 of it is in charge lines or was left out for a reason; 10 is not "
        "accounted for. The charges of MS365-BP have no sum: some tell no total, or they come in several currencies. "
        "Nothing is written or set to zero for this customer."
    )


def test_a_rule_can_give_them_lines_of_their_own():
    """What the finding says to do, does it."""
    result = one_rule("set: {item_id: {field: currency}}", charged("10"), charged("10", currency="EUR"))

    assert told(result) == []
    assert result.held_customers == {}


def test_a_total_that_not_all_rows_of_a_line_tell_holds_the_customer():
    """A line whose total is not known has lost what its other rows cost."""
    result = ruled(NO_RULES, charged("10"), charged(None))

    assert result.held_customers == {"ASP": "10 of what was charged is not accounted for"}


def test_a_total_beyond_what_can_be_kept_exactly_holds_the_customer():
    """It is never rounded into a plausible number."""
    wide = "9999999999999999999.999999999"
    result = ruled(NO_RULES, charged(wide), charged(wide), charged(wide, sku="B"))

    assert list(result.held_customers) == ["ASP"]


def test_a_cost_set_by_a_rule_is_told_and_holds_nobody():
    """Somebody wrote the rule; what it replaced is named."""
    result = one_rule("match: {sku: MS365-BP}, set: {unit_cost: 3}", charged("10", 2), charged("4", sku="B"))

    assert result.held_customers == {}
    assert told(result) == [
        (
            "KS206",
            "Billing rule 'the rule' puts a cost of its own in the place of 10 GBP of what Atria charged "
            "(1 rows, 1 customers).",
        )
    ]
    assert [outcome.cost for outcome in outcomes(result)] == [Decimal(6), Decimal(4)]


def test_a_cost_set_for_some_rows_of_a_line_holds_the_customer():
    """The line has no total then, and the other rows' costs would be lost without a word."""
    result = one_rule("match: {plan: A}, set: {unit_cost: 3}", charged("10", plan="A"), charged("4", plan="B"))

    assert result.held_customers == {"ASP": "4 of what was charged is not accounted for"}


@pytest.mark.parametrize(("billing", "kept", "elsewhere"), [("spread", "10", "110"), ("anniversary", "120", None)])
def test_what_a_year_leaves_to_other_periods_is_told(billing, kept, elsewhere):
    """A twelfth is kept, eleven twelfths are due in other periods: the year is all there."""
    result = one_rule(f"yearly: {billing}", charged("120", **YEAR))

    assert [line.total_cost for line in charges(result)] == [Decimal(kept)]
    assert result.held_customers == {}
    assert [message.split(" of what")[0] for _, message in told(result)] == (
        [f"Billing rule 'the rule' leaves to other periods {elsewhere} GBP"] if elsewhere else []
    )


def test_a_bundle_of_totals_and_unit_costs_makes_no_money():
    """What a part costs by its unit joins the bundle's total, and is not taken for money that a rule made."""
    result = one_rule(
        "bundle: {skus: [A, B], into: AB, count: max}", charged("10", sku="A"), row(3, sku="B", unit_cost=Decimal(2))
    )

    assert told(result) == []
    assert result.held_customers == {}
    assert [line.total_cost for line in charges(result)] == [Decimal(16)]


@pytest.mark.parametrize(("factor", "missing"), [("0.125", "7"), ("0.5", "4"), ("2", "-8")])
def test_a_rule_that_loses_or_makes_money_holds_the_customer(monkeypatch, factor, missing):
    """The check does not rely on rules being right: an action that touched costs unseen is caught."""

    def multiply(rows: UsageRows, mask, factor: Decimal) -> None:
        rows.table.column("total_cost").change(mask, lambda cost: cost * factor)

    monkeypatch.setattr(row_actions, "multiply", multiply)
    result = one_rule(
        f"match: {{sku: A}}, multiply: {factor}", charged("8", sku="A"), charged("5", customer_code="FR1")
    )

    assert result.held_customers == {"ASP": f"{missing} of what was charged is not accounted for"}


COSTS = st.one_of(
    st.none(), st.decimals(min_value=-(10**6), max_value=10**9, places=4), st.just(Decimal("0.000000001"))
)
ROWS = st.lists(
    st.builds(
        row,
        quantity=st.one_of(st.none(), st.integers(-5, 50).map(Decimal)),
        sku=st.sampled_from(["A", " A", "B", "C"]),
        customer_code=st.sampled_from(["ASP", "FR1 "]),
        item_id=st.sampled_from(["", "x"]),
        plan=st.sampled_from(["", "P"]),
        currency=st.sampled_from(["GBP", "GBP", "EUR"]),
        kind=st.sampled_from([UsageKind.RECURRING, UsageKind.USAGE, UsageKind.CREDIT]),
        billable=st.booleans(),
        unit_cost=st.none(),
        total_cost=COSTS,
        covers_from=st.sampled_from([None, YEAR["covers_from"]]),
        covers_until=st.sampled_from([None, YEAR["covers_until"]]),
    ),
    max_size=10,
)
RULES = st.lists(
    st.sampled_from(
        [
            "match: {sku: A}, exclude: free",
            "match: {sku: B}, rename_sku: A",
            "match: {sku: C}, multiply: 3",
            "match: {plan: P}, set: {unit_cost: 7}",
            "match: {sku: B}, set: {currency: GBP}",
            "match: {sku: A}, yearly: spread",
            "fold: peak",
            "bundle: {skus: [A, B], into: AB, count: min}",
            "match: {sku: C}, floor: 9",
        ]
    ),
    max_size=4,
    unique=True,
)


@given(ROWS, RULES)
@example([charged("1"), charged("2", currency="EUR")], [])
def test_whoever_is_not_held_has_all_costs_accounted_for(rows: list[UsageRecord], rules: list[str]):
    """For any usage and rules: kept, left out and moved on purpose sum to what was charged, or the customer is held."""
    if any("bundle" in rule for rule in rules):  # a set cost would join the bundle's total
        rules = [rule for rule in rules if "unit_cost" not in rule]
    named = {f"r{number}": rule for number, rule in enumerate(rules)}

    result = ruled("rules: [" + ", ".join(f"{{name: {name}, {rule}}}" for name, rule in named.items()) + "]", *rows)

    kept = {record.customer_code.strip(): Fraction(0) for record in rows}
    for line in charges(result):
        kept[line.customer_code] += Fraction(line.total_cost or 0)
    source = dict.fromkeys(kept, Fraction(0))
    for record, outcome in zip(rows, outcomes(result), strict=True):
        cost, customer = Fraction(record.total_cost or 0), record.customer_code.strip()
        touched = "".join(named[name] for name in outcome.rule.split(", ") if name)
        source[customer] += cost
        if outcome.charge_no is None or "unit_cost" in touched:
            kept[customer] += cost
        elif "yearly" in touched:
            kept[customer] += cost - Fraction(outcome.cost or 0)
    assert all(kept[customer] == source[customer] for customer in set(source) - set(result.held_customers))


@given(ROWS)
def test_without_rules_whoever_is_held_has_charges_that_have_no_sum(rows: list[UsageRecord]):
    """The check never holds a customer whose charges add up."""
    result = ruled(
        NO_RULES, *[replace(record, total_cost=record.total_cost or Decimal(1), currency="GBP") for record in rows]
    )

    assert [code for code, _ in told(result)] == []
