"""Row rules change or exclude usage rows, in the order of the file."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing_providers.engine.rules import apply_rules, load_rules
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.frames import frame_of
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.usage import UsageKind, UsageRecord
from tests.support.usage_rows import NO_RULES, PERIOD, VOICE, charges, codes, counted, one_rule, outcomes, row, ruled


@pytest.mark.parametrize(
    ("match", "matching"),
    [
        ("sku: MS365-BP", {"sku": " MS365-BP\u00a0"}),
        ("sku: [MS365-BP, AV-EP]", {"sku": "AV-EP"}),
        ("sku: {in: [AV-EP]}", {"sku": "AV-EP"}),
        ("sku: {equals: 0123}", {"sku": "0123"}),
        ("sku: 1e3", {"sku": "1e3"}),
        ("sku: yes", {"sku": "yes"}),
        ("sku: {prefix: TRIAL-}", {"sku": "TRIAL-MS365"}),
        ("sku: {glob: '*-BP'}", {"sku": "MS365-BP"}),
        ("sku: {regex: 'MS\\d+-B[PS]'}", {"sku": "MS365-BS"}),
        ("sku: {absent: true}", {"sku": "  "}),
        ("sku: ''", {"sku": ""}),
        ("sku: {not: MS365-BP}", {"sku": "AV-EP"}),
        ("sku: {not: [MS365-BP, AV-EP]}", {"sku": "HELPDESK"}),
        ("sku: {prefix: MS, not: {glob: '*-BP'}}", {"sku": "MS365-E3"}),
        ("quantity: 5.0", {"quantity": "5"}),
        ("quantity: {min: 5}", {"quantity": "5.00"}),
        ("quantity: {max: 5}", {"quantity": "5"}),
        ("quantity: {min: 1, max: 2}", {"quantity": "1.5"}),
        ("quantity: {not: {min: 1}}", {"quantity": "0"}),
        ("assigned: {absent: true}", {"assigned": None}),
        ("period_end: 2026-02-26", {"period_end": date(2026, 2, 26)}),
        ("period_end: {from: 2026-02-26, until: 2026-02-26}", {"period_end": date(2026, 2, 26)}),
        ("billable: true", {"billable": True}),
        ("kind: usage", {"kind": UsageKind.USAGE}),
        ("attributes.site: {prefix: Os}", {"attributes": '{"site": "Oslo"}'}),
        ("attributes.seats: {min: 2}", {"attributes": '{"seats": 2.0}'}),
        ("attributes.seats: '2.0'", {"attributes": '{"seats": 2.0}'}),
        ("attributes.trial: 'true'", {"attributes": '{"trial": true}'}),
        ("attributes.site: {absent: true}", {"attributes": '{"site": null}'}),
    ],
)
def test_condition_matches(match, matching):
    """Each test of a field holds for what it names, exactly and without blanks around texts."""
    assert counted(one_rule(f"match: {{{match}}}, exclude: why", row(**matching))) == {}


def test_a_unit_cost_that_a_rule_sets_is_not_beaten_by_the_sources_total():
    """What a person says one unit costs is what counts; the price, of which the rule says nothing, stays."""
    totals = {"total_cost": Decimal(10), "total_price": Decimal(20)}
    lines = charges(one_rule("match: {sku: MS365-BP}, set: {unit_cost: 3}", row(5, sku="MS365-BP", **totals)))

    assert [(line.unit_cost, line.total_cost, line.total_price) for line in lines] == [(Decimal(3), None, Decimal(20))]


@pytest.mark.parametrize(
    ("match", "other"),
    [
        ("sku: ms365-bp", {"sku": "MS365-BP"}),
        ("sku: {glob: MS365}", {"sku": "MS365-BP"}),
        ("sku: {regex: MS365}", {"sku": "MS365-BP"}),
        ("sku: {prefix: '365'}", {"sku": "MS365-BP"}),
        ("sku: {absent: false}", {"sku": " "}),
        ("sku: {not: {prefix: MS}}", {"sku": "MS365-BP"}),
        ("quantity: {min: 5.01}", {"quantity": "5"}),
        ("quantity: {max: 5}", {"quantity": "5.000000000000000001"}),
        ("assigned: {max: 5}", {"assigned": None}),
        ("assigned: 0", {"assigned": None}),
        ("period_end: {until: 2026-02-25}", {"period_end": date(2026, 2, 26)}),
        ("period_end: {until: 2026-02-25}", {"period_end": None}),
        ("billable: false", {"billable": True}),
        ("attributes.site: Oslo", {"attributes": "not JSON"}),
        ("attributes.seats: {min: 2}", {"attributes": '{"seats": "two"}'}),
        ("sku: MS365-BP, term: yearly", {"term": "monthly"}),
    ],
)
def test_condition_does_not_match(match, other):
    """A condition never reaches further than it says: case, whole text and absence matter, and all must hold."""
    line = charges(one_rule(f"match: {{{match}}}, exclude: why", row(**other)))

    assert len(line) == 1


def test_first_rule_that_excludes_a_row_wins():
    """The reason of a row that is left out is that of the first rule that matches it."""
    result = ruled(
        """
        rules:
          - {name: first, match: {sku: {prefix: TRIAL-}}, exclude: free}
          - {name: second, match: {sku: TRIAL-1}, exclude: never seen}
        """,
        row(3, sku="TRIAL-1"),
        row(4),
    )

    assert [(outcome.rule, outcome.reason) for outcome in outcomes(result)] == [("first", "free"), ("", "")]
    assert codes(result.findings) == ["KS112"]
    assert result.findings[0].about("rule") == "second"


def test_rules_see_what_earlier_rules_made():
    """Order is the file's: a renamed SKU is matched by its new name from then on."""
    result = ruled(
        """
        rules:
          - {name: rename, match: {sku: OLD}, rename_sku: NEW}
          - {name: double, match: {sku: NEW}, multiply: 2}
          - {name: gone, match: {sku: OLD}, exclude: no}
        """,
        row(3, sku="OLD"),
        row(1, sku="NEW"),
    )

    assert counted(result) == {"NEW": "8"}
    assert [outcome.rule for outcome in outcomes(result)] == ["rename, double", "double"]


def test_multiply_is_exact():
    """0.1 times 0.1 is 0.01, and not a digit more."""
    assert counted(one_rule("multiply: 0.1", row("0.1"))) == {"MS365-BP": "0.01"}


@pytest.mark.parametrize(("basis", "expected"), [("assigned", "3"), ("enabled", "4"), ("total", "6")])
def test_count_takes_the_named_base(basis, expected):
    """count replaces the quantity by what is assigned, enabled or owned."""
    seats = row(5, assigned=Decimal(3), enabled=Decimal(4), total=Decimal(6))

    assert counted(one_rule(f"count: {basis}", seats)) == {"MS365-BP": expected}


@pytest.mark.parametrize(
    ("unit", "quantity", "expected"),
    [
        ("from: bytes, to: GB, gb: decimal", "1500000000", "1.5"),
        ("from: bytes, to: GB, gb: binary", "1610612736", "1.5"),
        ("from: bytes, to: GB, gb: binary", "1", "0.000000000931322575"),
        ("from: MB, to: GB, gb: binary", "512", "0.5"),
        ("from: TB, to: GB, gb: binary", "2", "2048"),
        ("from: TB, to: GB, gb: decimal", "2", "2000"),
        ("from: hours, to: days, factor: 0.125", "12", "1.5"),
    ],
)
def test_unit_conversion(unit, quantity, expected):
    """Sizes are converted exactly, by the GB that the rule names; places beyond 18 are rounded half up once."""
    unit_from = unit.split()[1].strip(",")

    (line,) = charges(one_rule(f"unit: {{{unit}}}", row(quantity, unit=unit_from)))

    assert text_from_decimal(line.quantity) == expected
    assert line.unit == unit.split()[3].strip(",")


@pytest.mark.parametrize(
    ("unit", "cost", "expected"),
    [
        ("from: bytes, to: GB, gb: decimal", "0.00000000005", "0.05"),
        ("from: MB, to: GB, gb: binary", "0.000048828125", "0.05"),
        ("from: TB, to: GB, gb: binary", "51.2", "0.05"),
        ("from: hours, to: days, factor: 0.125", "1.5", "12"),
        ("from: seats, to: trios, factor: 3", "2", "0.666666666666666667"),  # no decimal: rounded once, half up
        ("from: GB, to: PB, factor: 0.000000000000000001", "99", None),  # beyond what is kept
    ],
)
def test_what_a_unit_costs_is_converted_with_it(unit, cost, expected):
    """The cost and price of one old unit become those of one new unit; totals stay."""
    cost, unit_from = Decimal(cost), unit.split()[1].strip(",")
    totals = {"total_cost": Decimal(7), "total_price": Decimal(9)}
    usage = row("0.5", unit=unit_from, unit_cost=cost, unit_price=cost, **totals)

    (line,) = charges(one_rule(f"unit: {{{unit}}}", usage))

    expected = None if expected is None else Decimal(expected)
    assert (line.unit_cost, line.unit_price, line.total_cost, line.total_price) == (expected, expected, 7, 9)


def test_a_chain_of_conversions_rounds_what_a_unit_costs_once():
    """2 for a seat are 2/3 for a third of it and 200/9 in the end; a step that is rounded would end in …233."""
    chain = """
        rules:
          - {name: there, unit: {from: seats, to: trios, factor: 3}}
          - {name: back, unit: {from: trios, to: ninths, factor: 0.03}}
    """
    (line,) = charges(ruled(chain, row(1, unit_cost=Decimal(2))))

    assert line.unit_cost == Decimal("22.222222222222222222")


def test_a_row_without_a_cost_has_none_after_the_conversion():
    """Nothing is made of nothing."""
    usage = row(5, unit="bytes", unit_cost=None, unit_price=Decimal(2))

    (line,) = charges(one_rule("unit: {from: bytes, to: MB, gb: decimal}", usage))

    assert (line.unit_cost, line.unit_price) == (None, Decimal(2000000))


def test_unit_conversion_leaves_other_units_alone():
    """Only rows in the unit that is converted are touched."""
    result = one_rule("unit: {from: bytes, to: GB, gb: decimal}", row(7, unit="GB"), row(1000000000, unit="bytes"))

    assert counted(result) == {"MS365-BP": "8"}
    assert [outcome.rule for outcome in outcomes(result)] == ["", "the rule"]


def test_binary_fractions_are_rounded_on_the_sum_only():
    """Rows keep all their places until they are summed: 1,024 single bytes are 2^-20 GB to 18 places."""
    result = one_rule("unit: {from: bytes, to: GB, gb: binary}", *[row(1, unit="bytes")] * 1024)

    assert counted(result) == {"MS365-BP": "0.000000953674316406"}


def test_set_gives_values_and_copies():
    """set writes values and copies of other fields, as text or number."""
    (line,) = charges(
        one_rule(
            "set: {sku: SITE-SEAT, item_id: {field: attributes.site}, quantity: {field: assigned}, unit_price: 1.20}",
            row(None, assigned=Decimal(9), attributes='{"site": "Oslo"}'),
        )
    )

    assert (line.sku, line.item_id, line.quantity, line.unit_price) == ("SITE-SEAT", "Oslo", 9, Decimal("1.20"))


def test_copying_an_absent_attribute_gives_an_empty_text():
    """A row without the attribute is counted with those that have none."""
    (line,) = charges(one_rule("set: {item_id: {field: attributes.site}}", row(1), row(2, attributes='{"site":null}')))

    assert (line.item_id, line.quantity) == ("", 3)


def test_rows_that_are_not_billable_count_as_absent():
    """What the source marks as not billable makes no charge line, unless a rule says otherwise."""
    free = row(3, billable=False)

    assert counted(ruled(NO_RULES, free)) == {}
    assert [outcome.reason for outcome in outcomes(ruled(NO_RULES, free))] == ["not billable"]
    assert counted(one_rule("set: {billable: true}", free)) == {"MS365-BP": "3"}


def test_setup_charges_and_credits_are_no_quantities():
    """Kinds other than recurring and usage are left out, reported once per customer and kind."""
    result = ruled(
        NO_RULES,
        row(5),
        row(1, kind=UsageKind.SETUP),
        row(2, kind=UsageKind.SETUP),
        row(9, kind=UsageKind.CREDIT, customer_code="FR1", customer_name="Fr One"),
        row(4, kind=UsageKind.USAGE),
    )

    assert counted(result) == {"MS365-BP": "9"}
    assert [finding.message for finding in result.findings] == [
        "Fr One: 1 rows of kind credit are not quantities and were left out.",
        "Asp Ltd: 2 rows of kind setup are not quantities and were left out.",
    ]
    assert counted(one_rule("set: {kind: recurring}", row(1, kind=UsageKind.SETUP))) == {"MS365-BP": "1"}


def test_exclude_without_sku_comes_after_renaming():
    """The shortcut leaves out what still has no SKU, and matching nothing is no finding."""
    rules = """
        exclude_without_sku: true
        rules: [{name: named, match: {description: Backup}, rename_sku: BKP}]
        """

    result = ruled(rules, row(1, sku=" ", description="Backup"), row(2, sku=""))

    assert counted(result) == {"BKP": "1"}
    assert outcomes(result)[1].reason == "no SKU"
    assert ruled("exclude_without_sku: true", row(1)).findings == ()


def test_rows_without_sku_stay_for_the_report_otherwise():
    """Without the shortcut a row without SKU becomes a charge line that a person will see."""
    assert counted(ruled(NO_RULES, row(2, sku="  "))) == {"": "2"}


def test_customers_bound_a_rule():
    """customers and except_customers name the source's codes."""
    rows = [row(1, customer_code=code, sku=code) for code in ("ASP", "FR1", "UJA")]

    assert counted(one_rule("customers: ASP, exclude: x", *rows)) == {"FR1": "1", "UJA": "1"}
    assert counted(one_rule("customers: [ASP, UJA], multiply: 2", *rows)) == {"ASP": "2", "FR1": "1", "UJA": "2"}
    assert counted(one_rule("except_customers: [ASP], multiply: 3", *rows)) == {"ASP": "1", "FR1": "3", "UJA": "3"}


@pytest.mark.parametrize(
    ("start", "in_force"),
    [(date(2025, 12, 31), False), (date(2026, 1, 1), True), (date(2026, 3, 31), True), (date(2026, 4, 1), False)],
)
def test_rule_is_in_force_for_periods_that_start_between_its_days(start, in_force):
    """from and until are days, both included; out of force a rule does nothing and is not reported as unmatched."""
    period = BillingPeriod(start, date(2026, 5, 1))

    result = one_rule("exclude: x, from: 2026-01-01, until: 2026-03-31", row(1), period=period)

    assert counted(result) == ({} if in_force else {"MS365-BP": "1"})
    assert result.findings == ()
    assert len(result.effects) == (1 if in_force else 0)


def test_effects_tell_what_each_rule_did():
    """Rows in, rows out and quantity removed are reported for every rule, in exact numbers."""
    result = ruled(
        """
        rules:
          - {name: trials, match: {sku: {prefix: TRIAL-}}, exclude: free}
          - {name: halve, match: {sku: MS365-BP}, multiply: 0.5}
        """,
        row(4, sku="TRIAL-1"),
        row(3, sku="TRIAL-2"),
        row(5),
        row(2, billable=False),
    )

    told = [
        (e.rule, e.action, e.rows_matched, e.rows_excluded, str(e.quantity_before), str(e.quantity_after))
        for e in result.effects
    ]
    assert told == [
        ("trials", "exclude", 2, 2, "7", "0"),
        ("halve", "multiply", 2, 0, "7", "3.5"),
        ("(not billable)", "exclude", 1, 1, "1", "0"),
    ]
    assert result.effects[0].explanation == "Leaves out usage where sku starts with 'TRIAL-': free."


def test_the_usage_is_not_changed():
    """Rules work on a copy: the snapshot stays what the source said."""
    usage = frame_of(UsageRecord, [row(5), row(6)])
    rules = load_rules("rules: [{name: a, set: {sku: X, quantity: 1}}, {name: b, exclude: y}]", "r")

    apply_rules(usage, rules, PERIOD, VOICE)

    assert usage["sku"].tolist() == ["MS365-BP", "MS365-BP"]
    assert usage["quantity"].tolist() == [Decimal(5), Decimal(6)]
