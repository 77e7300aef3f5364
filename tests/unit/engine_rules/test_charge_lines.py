"""Rows are summed by identity, exactly; what has no sum holds its customer."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.usage_rows import NO_RULES, charges, codes, one_rule, outcomes, row, ruled


def test_rows_of_one_identity_are_summed_never_overwritten():
    """Several rows of one customer, SKU, term, cycle and item make one line with their exact sum."""
    (line,) = charges(ruled(NO_RULES, row("0.1"), row("0.2", sku="MS365-BP "), row("1E+1")))

    assert str(line.quantity) == "10.3"
    assert (line.charge_no, line.record_count, line.sku) == (1, 3, "MS365-BP")


@pytest.mark.parametrize(
    "other",
    [
        {"source": "report"},
        {"customer_code": "asp"},
        {"sku": "ms365-bp"},
        {"term": "yearly"},
        {"billing_cycle": "yearly"},
        {"item_id": "sub-1"},
    ],
)
def test_rows_of_different_identity_stay_apart(other):
    """Each part of the identity keeps rows apart, case included."""
    assert [line.quantity for line in charges(ruled(NO_RULES, row(1), row(2, **other)))] in ([1, 2], [2, 1])


def test_lines_are_sorted_by_identity_and_numbered_from_one():
    """The order of charge lines is that of their identity, whatever the order of rows."""
    rows = [row(1, customer_code=code, sku=sku) for code in ("b", "a", "B") for sku in ("2", "10", "1")]

    lines = charges(ruled(NO_RULES, *rows))

    assert [(line.charge_no, line.customer_code, line.sku) for line in lines] == [
        (1, "B", "1"),
        (2, "B", "10"),
        (3, "B", "2"),
        (4, "a", "1"),
        (5, "a", "10"),
        (6, "a", "2"),
        (7, "b", "1"),
        (8, "b", "10"),
        (9, "b", "2"),
    ]


def test_every_row_leads_to_its_line():
    """A number can be traced to its rows: each outcome names the line it was counted in and what it counted for."""
    result = ruled(NO_RULES, row(3, sku="B"), row(1, sku="A"), row(2, sku="B"), row(9, billable=False))

    assert [(o.position, o.charge_no, o.quantity, o.reason) for o in outcomes(result)] == [
        ("row 1", 2, 3, ""),
        ("row 2", 1, 1, ""),
        ("row 3", 2, 2, ""),
        ("row 4", None, None, "not billable"),
    ]


def test_words_come_from_the_first_row_and_agreed_facts_from_all():
    """Texts are the first row's; cost, price, currency and attributes are said only when all rows agree."""
    first = row(1, description="one", unit_cost=Decimal("1.0"), attributes='{"plan": "A", "site": "Oslo", "n": 1.10}')
    second = row(
        1,
        description="two",
        unit_cost=Decimal("1.00"),
        unit_price=Decimal(2),
        attributes='{"n": 1.1, "site": "Bergen", "plan": "A"}',
    )

    (line,) = charges(ruled(NO_RULES, first, second))

    assert (line.description, line.unit_cost, line.unit_price, line.currency) == ("one", Decimal("1.0"), None, "GBP")
    assert line.attributes == '{"n":1.10,"plan":"A"}'


def test_amounts_in_several_currencies_are_not_summed():
    """Ten pounds and ten euros are neither twenty of anything nor ten each."""
    amounts = {"total_cost": Decimal(10), "total_price": Decimal(20)}

    (line,) = charges(ruled(NO_RULES, row(1, **amounts), row(1, currency="EUR", **amounts)))

    assert (line.quantity, line.currency) == (2, "")
    assert (line.total_cost, line.total_price, line.unit_cost, line.unit_price) == (None, None, None, None)


def test_first_row_is_the_first_in_the_order_of_the_source():
    """However many rows reach a line, its words are those of the row that the source gave first."""
    rows = [row(1, sku="AB"[number % 2], description=str(number)) for number in range(500)]

    assert [(line.sku, line.description) for line in charges(ruled(NO_RULES, *rows))] == [("A", "0"), ("B", "1")]


def test_blanks_around_texts_make_no_difference():
    """Rows agree on a unit, and belong to one customer, whatever blanks a source put around."""
    result = ruled(
        NO_RULES,
        row(1, unit="GB", currency="GBP"),
        row(2, unit=" GB", currency="GBP\u00a0", customer_code=" ASP"),
        row(None, sku="X"),
        row(None, sku="X", customer_code="ASP "),
    )

    assert [(line.quantity, line.unit, line.currency) for line in charges(result)] == [(3, "GB", "GBP")]
    assert [(finding.code, finding.about("count")) for finding in result.findings] == [("KS150", "2")]


def test_true_and_one_are_no_agreement():
    """Attributes agree when their JSON values do: a yes is no number."""
    lines = charges(
        ruled(NO_RULES, row(1, attributes='{"a": 1, "b": true}'), row(1, attributes='{"a": true, "b": true}'))
    )

    assert [line.attributes for line in lines] == ['{"b":true}']


def test_a_reported_zero_is_a_quantity():
    """A 0 makes a line with 0, which is something else than no line."""
    (line,) = charges(ruled(NO_RULES, row(0)))

    assert str(line.quantity) == "0"


def test_negative_rows_are_summed():
    """A correction of -3 takes three away; a sum below zero is kept for the report."""
    assert [str(line.quantity) for line in charges(ruled(NO_RULES, row(5), row(-3)))] == ["2"]
    assert [str(line.quantity) for line in charges(ruled(NO_RULES, row(-3)))] == ["-3"]


def test_nothing_in_gives_nothing_out():
    """Without rows there are no lines, no outcomes and no findings about rules."""
    result = one_rule("exclude: x")

    assert (charges(result), outcomes(result), result.findings) == ([], [], ())


def test_everything_excluded_leaves_no_line():
    """A file whose rows are all left out is no error here; the outcomes say why."""
    result = one_rule("exclude: x", row(1), row(2))

    assert charges(result) == []
    assert [outcome.reason for outcome in outcomes(result)] == ["x", "x"]


def test_row_without_quantity_holds_its_customer():
    """When only bases are given nobody guesses which one counts; one finding per customer, and the others go on."""
    result = ruled(
        NO_RULES,
        row(None, assigned=Decimal(3), total=Decimal(5), sku="A"),
        row(None, sku="B"),
        row(4, customer_code="FR1"),
    )

    assert result.held_customers == {"ASP": "the source gives no quantity"}
    assert [finding.message for finding in result.findings] == [
        "Asp Ltd: 2 rows of A, B give no quantity (assigned 3, total 5). The customer is skipped."
    ]
    assert [(line.customer_code, line.quantity) for line in charges(result)] == [("FR1", 4)]


def test_count_on_a_missing_base_gives_no_quantity():
    """A count rule never falls back to another number."""
    result = one_rule("count: enabled", row(5, assigned=Decimal(3)))

    assert result.held_customers == {"ASP": "the source gives no quantity"}
    assert charges(result) == []


def test_different_units_have_no_sum():
    """GB and bytes under one identity hold the customer; after a conversion they are summed."""
    rows = [row(2, unit="GB"), row(1000000000, unit="bytes")]

    mixed = ruled(NO_RULES, *rows)
    converted = one_rule("unit: {from: bytes, to: GB, gb: decimal}", *rows)

    assert codes(mixed.findings) == ["KS151"]
    assert mixed.held_customers == {"ASP": "MS365-BP comes in the units 'GB', 'bytes'"}
    assert [str(line.quantity) for line in charges(converted)] == ["3"]
    assert converted.held_customers == {}


def test_quantity_beyond_what_can_be_kept_holds_its_customer():
    """A product or sum out of range becomes no number at all, neither rounded nor cut."""
    huge = ruled("rules: [{name: big, multiply: 1000000000000000000}]", row(100), row(1, customer_code="FR1"))
    summed = ruled(NO_RULES, *[row(10**18)] * 11, row(1, customer_code="FR1"))

    for result, rule in ((huge, "big"), (summed, "(the sum of its rows)")):
        assert codes(result.findings) == ["KS152"]
        assert result.findings[0].about("rule") == rule
        assert result.held_customers == {"ASP": "a quantity is out of range"}
        assert [line.customer_code for line in charges(result)] == ["FR1"]
        assert outcomes(result)[0].reason == "the quantity is out of range"


def test_rows_out_of_range_do_not_cancel_out():
    """Two rows that cannot be kept hold the customer even where their sum could be."""
    result = ruled("rules: [{name: big, multiply: 1000000000000000000}]", row(100), row(-100))

    assert codes(result.findings) == ["KS152"]
    assert charges(result) == []


def test_chain_of_factors_never_loses_a_digit_unseen():
    """Factors of 28 digits, chained until no exact product is left, hold the customer instead of rounding."""
    factor = "1.234567890123456789012345678"[:20]
    rules = "rules:\n" + "".join(f"  - {{name: r{number}, multiply: {factor}}}\n" for number in range(9))

    assert codes(ruled(rules, row("1.000000000000000001")).findings) == ["KS152"]


def test_one_identifier_per_customer():
    """The only billing identifier of a customer holds for all its lines; several are none, which is reported."""
    one = ruled(NO_RULES, row(1, sku="A", billing_identifier=""), row(1, sku="B", billing_identifier=" X-1 "))
    several = ruled(NO_RULES, row(1, sku="A", billing_identifier="X-2"), row(1, sku="B", billing_identifier="X-1"))

    assert [line.billing_identifier for line in charges(one)] == ["X-1", "X-1"]
    assert one.findings == ()
    assert [line.billing_identifier for line in charges(several)] == ["", ""]
    assert [finding.message for finding in several.findings] == [
        "Asp Ltd: the rows have the billing identifiers 'X-1', 'X-2'. None was chosen."
    ]
    assert several.held_customers == {}


def test_identifiers_of_excluded_rows_do_not_matter():
    """A row that does not count cannot make its customer ambiguous."""
    result = one_rule("match: {sku: A}, exclude: x", row(1, sku="A", billing_identifier="X-2"), row(1, sku="B"))

    assert [line.billing_identifier for line in charges(result)] == ["ASP-01"]
    assert result.findings == ()
