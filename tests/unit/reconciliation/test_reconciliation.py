"""What was charged against what will be billed: every difference with its cause, and no amount lost or doubled."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.engine.reconciliation import reconcile
from billing_providers.engine.reconciliation import report as report_module
from billing_providers.engine.reconciliation.charged import charged_rows
from billing_providers.engine.reconciliation.columns import HEADING, cells_of
from billing_providers.engine.reconciliation.parts import split_exactly
from billing_providers.model.changes import ChangeKind, FieldChange, LineField
from billing_providers.model.journal import JournalState
from billing_providers.model.psa import InvoicedLine
from billing_providers.model.reconciliation import CAUSE_WORDS, Cause
from billing_providers.model.usage import UsageKind
from tests.support.reconciling import causes, inputs_of, managed, matched, moved, only, report, seen, stood
from tests.support.usage_rows import VOICE, row

TOTAL = {"unit_cost": None, "total_cost": Decimal("89.50")}


def test_what_agrees_has_no_cause():
    """Five seats charged, five seats billed, at the same cost: nothing to look at, and a margin."""
    found = only([row(5)], lines=[seen("100", "5")], matches=[matched("100", "5")])

    assert causes(found) == ["none"]
    told = {name: cell for name, cell in zip(HEADING, cells_of(found), strict=True) if cell}
    assert told == {
        "customer code": "ASP", "customer": "Asp Ltd", "SKU": "MS365-BP", "term": "monthly",
        "billing cycle": "monthly", "unit": "seats", "currency": "GBP", "records": "1", "charged quantity": "5",
        "charged cost": "89.5", "carried cost": "0", "kept quantity": "5", "kept cost": "89.5",
        "dropped quantity": "0", "dropped cost": "0", "folded quantity": "0", "account": "Aspen Ltd",
        "contract": "Aspen services", "service": "MS365-BP", "line ids": "100", "billed quantity": "5",
        "unit cost": "17.9", "unit price": "22.9", "billed cost": "89.5", "billed amount": "114.5", "margin": "25",
        "quantity difference": "0", "cost difference": "0", "cause": "none",
    }  # fmt: skip


FEW = {"lines": [seen("100", "3")], "matches": [matched("100", "5")]}
RAISE, STALE = moved("100", "3", "5"), "line changed after the diff"


@pytest.mark.parametrize(
    ("said", "billed", "expected", "detail"),
    [
        ({}, "5", ["none"], ""),
        ({"states": {"c100": stood(RAISE, JournalState.VERIFIED, "4.9")}}, "4.9", ["rounded"], ""),
        ({"states": {"c100": stood(RAISE, JournalState.STALE, "9", "edited")}}, "9", [STALE], "stale: edited"),
        ({"states": {"c100": stood(RAISE, JournalState.FAILED, None, "no")}}, "3", ["not written"], "failed: no"),
        ({"states": {"c100": stood(RAISE, JournalState.UNKNOWN)}}, "3", ["not written"], "unknown"),
        ({"states": {}}, "3", ["not written"], "not sent"),
        ({"states": {}, "approval": None}, "3", ["waits for a person"], "nobody decided"),
        ({"states": {}, "dry_run": True}, "5", ["none"], ""),
    ],
)  # fmt: skip
def test_a_line_bills_what_was_read_back_else_what_it_held(said, billed, expected, detail):
    """What the run wanted is not what the PSA bills, unless it stands."""
    found = only([row(5)], **FEW, changes=[RAISE], **said)

    assert (found.billed_quantity, causes(found), found.detail) == (Decimal(billed), expected, detail)
    assert found.quantity_difference == Decimal(billed) - 5


def test_a_change_that_a_guard_holds_waits_with_its_code():
    """In a dry run too: without a person it would not be written."""
    held = dataclasses.replace(RAISE, held_by=("KS114",))

    for dry_run in (False, True):
        found = only([row(5)], **FEW, changes=[held], states={}, approval=None, dry_run=dry_run)
        assert (causes(found), found.detail, found.billed_quantity) == (["waits for a person"], "KS114", Decimal(3))


ITEM = {"customer": "ASP", "customer_name": "", "sku": "MS365-BP"}
IGNORED = {"subject": "Customer A", "reason": "own use", "where": "t", "count": 1, "quantity": "5"}


@pytest.mark.parametrize(
    ("finding", "expected", "detail"),
    [
        (VOICE.finding(9, customer="ASP", customer_name=""), "not mapped", "KS09"),
        (VOICE.finding(14, customer="ASP", sku="MS365-BP", term="monthly", field="", count=1), "not mapped", "KS14"),
        (VOICE.finding(6, **ITEM, service="S", contract="10", contract_name=""), "not mapped", "KS06"),
        (VOICE.finding(125, customer="ASP", **IGNORED), "ignored with a reason", "own use"),
        (VOICE.finding(125, sku="MS365-BP", **IGNORED), "ignored with a reason", "own use"),
        (VOICE.finding(140, customer="ASP", customer_name="", error="x"), "customer held", "KS140"),
        (VOICE.finding(198, customer="ASP", customer_name="", currencies="", currency=""), "another currency", "KS198"),
        (VOICE.finding(108, error="a page"), "nothing was planned", "KS108"),
        (VOICE.finding(178, count=1, records=1), "shown, not billed", "KS178"),
        (VOICE.finding(163, **{**IGNORED, "subject": "SKU MS365-BP"}, field="f", value="v"), "not mapped", "KS163"),
        (VOICE.finding(210, count=1, customers=1, where="t", skus="x"), "not in this run", "KS210"),
        (VOICE.finding(155, count=3, total=503, code="KS104"), "line left alone", "one of 3 more of code KS104"),
        (VOICE.finding(4, sku="", service="", contract_name="", customer_name=""), "unexplained", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else value.code,
)  # fmt: skip
def test_a_charge_without_a_line_says_why(finding, expected, detail):
    """Nothing is billed for it, and the reason is the one that planning gave."""
    found = only([row(5)], findings=[finding])

    assert (causes(found), found.detail) == ([expected], detail)
    assert (found.billed_quantity, found.quantity_difference, found.cost_difference) == (0, -5, Decimal("-89.50"))


def test_a_line_that_was_left_alone_still_bills_for_its_usage():
    """Two open lines for one service: nobody wrote to either, and both bill what they hold."""
    place = {"contract": "10", "contract_name": "", "service": "MS365-BP"}
    alone = VOICE.finding(104, **ITEM, **place, count=2, candidates="")
    found = only([row(5)], lines=[seen("100", "3"), seen("101", "4")], findings=[alone])

    assert found.line_ids == ("100", "101")
    assert (found.billed_quantity, found.quantity_difference) == (7, 2)
    assert causes(found) == ["line left alone", "split over several lines"]


def test_a_held_customer_is_billed_what_its_line_held_before():
    """The product set the line in an earlier period; holding the customer does not stop the PSA from billing it."""
    found = only([row(5)], lines=[seen("100", "4")], register=[managed("100")], held=(("ASP", "a row is unreadable"),))

    assert (causes(found), found.detail, found.billed_quantity) == (["customer held"], "a row is unreadable", 4)


def test_rules_are_told_apart_by_what_they_did():
    """Left out, folded, multiplied, rounded: each difference names the rule that made it."""
    rules = """
    rules:
      - {name: trials, match: {sku: T}, exclude: trials are free}
      - {name: held at the end, match: {sku: F}, fold: at_end}
      - {name: twice, match: {sku: M}, multiply: 2}
      - {name: tens, match: {sku: R}, round: {to: up, step: 10}}
    """
    gone = {"covers_from": date(2026, 9, 26), "covers_until": date(2026, 10, 1)}
    rows = [row(5, sku="T"), row(5, sku="F"), row(2, sku="F", **gone), row(5, sku="M"), row(5, sku="R")]
    lines = [seen(sku, held) for sku, held in (("F", "5"), ("M", "10"), ("R", "10"))]
    matches = [matched("F", "5", "1"), matched("M", "10", "2"), matched("R", "10", "3")]

    found = {one.sku: one for one in report(rows, rules=rules, lines=lines, matches=matches).rows}

    assert {sku: (causes(one), one.detail) for sku, one in found.items()} == {
        "T": (["left out by a rule"], "trials are free"),
        "F": (["folded"], "held at the end"),
        "M": (["changed by a rule"], "twice"),
        "R": (["changed by a rule"], "of the sum"),
    }
    assert (found["T"].dropped_quantity, found["T"].dropped_cost, found["T"].kept_cost) == (5, Decimal("89.50"), 0)
    assert (found["F"].folded_quantity, found["F"].charged_quantity, found["F"].kept_quantity) == (2, 7, 5)


def test_a_year_is_charged_once_and_due_in_parts():
    """What was charged in an earlier period is carried, not charged again; a part of it is due now."""
    years = {"covers_from": date(2026, 3, 26), "covers_until": date(2027, 3, 26), "billing_cycle": "yearly"}
    new = {**years, "covers_from": date(2026, 9, 26), "covers_until": date(2027, 9, 26)}
    cost = {"unit_cost": None, "total_cost": Decimal(1200)}
    rows = [row(1, **years, **cost), row(1, sku="N", **new, **cost)]
    lines = [seen("100", "1", "100"), seen("101", "1", "100")]
    found = {
        one.sku: one
        for one in report(
            rows, rules="rules: [{name: spread, yearly: spread}]", lines=lines,
            matches=[matched("100", "1", "1"), matched("101", "1", "2")],
        ).rows
    }  # fmt: skip

    old, fresh = found["MS365-BP"], found["N"]
    assert (old.charged_cost, old.carried_cost, old.kept_cost, old.cost_difference) == (0, 1200, 100, 100)
    assert (fresh.charged_cost, fresh.carried_cost, fresh.kept_cost, fresh.cost_difference) == (1200, 0, 100, -1100)
    assert causes(old) == causes(fresh) == ["due in other periods"]


TERMS = "service,mode,price,minimum,included,places\n"


@pytest.mark.parametrize(
    ("quantity", "line", "terms", "cost", "expected"),
    [
        ("4.6", "5", "", "17.90", ["rounded"]),
        ("5", "5", "", "18", ["cost not synced"]),
        ("5", "5", "", None, ["the PSA tells no unit cost"]),
        ("5", "10", "MS365-BP,quantity_only,,10,,\n", "17.90", ["minimum or included volume"]),
        ("5", "2", "MS365-BP,quantity_only,,,3,\n", "17.90", ["minimum or included volume"]),
        ("5", "1", "MS365-BP,total_as_one,,,,\n", "89.50", ["billed as one"]),
        ("5", "5", "MS365-BP,unit_cost,,,,\n", "18", ["unit cost is billed, not the total"]),
        ("5", "5", "MS365-BP,average_cost,,,,\n", "17.91", ["rounded"]),
    ],
)
def test_terms_and_rounding_explain_what_the_line_holds(quantity, line, terms, cost, expected):
    """A minimum, an included volume, one for everything, a rounded average: each is a cause of its own."""
    found = only([row(quantity)], terms=TERMS + terms if terms else "", lines=[seen("100", line, cost)],
                 matches=[matched("100", line)])  # fmt: skip

    assert causes(found) == expected


def test_a_line_of_several_skus_is_split_by_what_each_brought():
    """One line bills seven at one cost: three of one, four of the other, and their parts are the whole line."""
    rows = [row(3, sku="A", unit_cost=Decimal(2)), row(4, sku="B", unit_cost=Decimal("2.50"))]
    found = report(rows, lines=[seen("100", "7", "2.2857")], matches=[matched("100", "7", "1,2")])
    a, b = found.rows

    assert (a.billed_quantity, b.billed_quantity) == (3, 4)
    assert (a.billed_cost, b.billed_cost) == (Decimal("6.857100"), Decimal("9.142800"))
    assert causes(a) == causes(b) == ["line shared by several SKUs", "cost not synced"]
    (total, _) = found.totals
    assert (total.charged_cost, total.billed_cost) == (Decimal("16.00"), Decimal("15.9999"))


def test_included_units_are_not_billed_and_an_unbillable_line_brings_nothing():
    """The amount is what the invoice will say, not price × quantity."""
    included = only([row(5)], lines=[seen("100", "5", included=Decimal(2))], matches=[matched("100", "5")])
    free = only([row(5)], lines=[seen("100", "5", billable=False)], matches=[matched("100", "5")])

    assert (included.billed_amount, free.billed_amount) == (Decimal("68.70"), 0)


def test_a_source_that_tells_no_cost_for_some_records_is_not_compared_in_cost():
    """An unknown cost is no cost of zero."""
    found = only([row(5), row(1, unit_cost=None)], lines=[seen("100", "6")], matches=[matched("100", "6")])
    none = only([row(5, unit_cost=None)], lines=[seen("100", "5")], matches=[matched("100", "5")])

    assert (found.charged_cost, causes(found)) == (Decimal("89.50"), ["the source tells no cost", "cost not synced"])
    assert (none.charged_cost, none.cost_difference, causes(none)) == (None, None, ["the source tells no cost"])


def test_lines_without_a_charge_are_rows_of_their_own():
    """What the PSA bills and nobody was charged for: being zeroed, still managed, or kept by hand."""
    rows, lines = (
        [row(5)],
        [seen(key, "5") for key in ("100", "101", "102", "103")]
        + [seen("104", "0"), seen("105", "9", contract_id="77")],
    )
    zero = moved("101", "5", "0", (), kind=ChangeKind.ZERO, skus=("OLD",))
    found = report(
        rows, lines=lines, matches=[matched("100", "5")], changes=[zero], register=[managed("102", sku="GONE")]
    )
    told = {one.line_ids[0]: one for one in found.rows}

    assert sorted(told) == [
        "100",
        "101",
        "102",
        "103",
    ]  # an empty line and one of another contract are nobody's business
    assert [(one.sku, causes(one), one.billed_quantity) for key, one in sorted(told.items()) if key > "100"] == [
        ("OLD", ["set to zero"], 0),
        ("GONE", ["no charge for a managed line"], 5),
        ("", ["no charge, and the line is not managed"], 5),
    ]
    assert {one.customer_code for one in found.rows} == {"ASP"}
    assert found.totals[0].billed_cost == Decimal("179.00")  # the line kept by hand is listed, not summed


def test_a_zeroing_that_did_not_come_through_still_bills():
    """Stale is not zero."""
    zero = moved("101", "5", "0", (), kind=ChangeKind.ZERO)
    found = only([], lines=[seen("101", "5")], changes=[zero], states={"c101": stood(zero, JournalState.STALE, "6")})

    assert (found.billed_quantity, causes(found)) == (6, ["line changed after the diff"])


def test_a_line_that_is_added_has_no_id_before_it_is_there():
    """It is billed once it was added, at the cost that the change gives it."""
    add = moved("", None, "5", kind=ChangeKind.ADD_LINE, change_id="add", unit_cost=Decimal(20),
                fields=(FieldChange(LineField.UNIT_COST, None, "20"),))  # fmt: skip

    done, refused = (
        only([row(5)], changes=[add], states={"add": stood(add, state)})
        for state in (JournalState.VERIFIED, JournalState.FAILED)
    )
    assert (done.line_ids, done.billed_cost, causes(done)) == (("new",), 100, ["cost not synced"])
    assert (refused.billed_quantity, causes(refused)) == (0, ["not written"])


def test_a_run_of_what_failed_leaves_other_lines_as_they_were():
    """A line that needs a change and is not among those that failed is matched, and not written."""
    found = only([row(5)], **FEW, failed_only=True)

    assert (found.billed_quantity, causes(found)) == (3, ["not in this run"])


def test_a_change_that_the_psa_would_refuse_leaves_its_line_as_it_was():
    """It was matched at what it should be; the finding says why it is not."""
    refused = VOICE.finding(
        188, customer="ASP", customer_name="", service="MS365-BP", contract="10", contract_name="", line="100", start=""
    )
    found = only([row(5)], **FEW, findings=[refused])

    assert (found.billed_quantity, causes(found), found.detail) == (3, ["line left alone"], "KS188")


def test_customers_outside_the_filter_are_not_in_the_run():
    """The source reported them; this run was not about them."""
    found = only([row(5)], customers=("OTHER",))

    assert (causes(found), found.detail) == (["not in this run"], "customers filter")


def invoice(
    quantity: str | None, name: str = "MS365-BP", day: date = date(2026, 10, 28), number: str = "I-2"
) -> InvoicedLine:
    return InvoicedLine(number, day, "1", "10", name, None if quantity is None else Decimal(quantity))


@pytest.mark.parametrize(
    ("invoiced", "quantity", "words", "expected"),
    [
        ([invoice("5")], "5", "I-2 of 2026-10-28", ["none"]),
        ([invoice("4")], "4", "I-2 of 2026-10-28", ["invoiced otherwise"]),
        ([invoice("9", day=date(2026, 9, 28), number="I-1"), invoice("5")], "5", "I-2 of 2026-10-28", ["none"]),
        ([invoice("2"), invoice("3")], "5", "I-2 of 2026-10-28", ["none"]),
        ([invoice(None)], None, "I-2 of 2026-10-28", ["none"]),
        ([invoice("5", name="other words")], None, "I-2 of 2026-10-28", ["none"]),
        ([dataclasses.replace(invoice("5"), contract_id="")], None, "", ["none"]),
        ([], None, "", ["none"]),
    ],
)
def test_the_last_invoice_of_the_contract_is_compared_where_it_tells_quantities(invoiced, quantity, words, expected):
    """The end of the chain: charged, written, read back, and on paper."""
    found = only([row(5)], lines=[seen("100", "5")], matches=[matched("100", "5")], invoiced=invoiced)

    assert found.invoiced_quantity == (None if quantity is None else Decimal(quantity))
    assert (found.invoice, causes(found)) == (words, expected)


def test_a_service_that_the_invoice_does_not_name_was_not_invoiced():
    """The invoice speaks of the contract's other service in the same words, so its silence is zero."""
    lines = [seen("100", "5"), seen("101", "2", service_name="BKP", service_id="6")]
    matches = [matched("100", "5"), matched("101", "2", "2")]
    found = report([row(5), row(2, sku="ZBKP")], lines=lines, matches=matches, invoiced=[invoice("5")])

    assert [(one.sku, one.invoiced_quantity, causes(one)) for one in found.rows] == [
        ("MS365-BP", 5, ["none"]),
        ("ZBKP", 0, ["invoiced otherwise"]),
    ]


def test_rows_that_lose_an_amount_are_told(monkeypatch):
    """The proof is made from the records again, not from the sums that it checks."""
    monkeypatch.setattr(report_module, "charged_rows", lambda inputs: dict([*charged_rows(inputs).items()][:1]))

    found = reconcile(inputs_of([row(5, sku="A"), row(1, sku="B")]))

    assert found.mismatches == (("ASP", "GBP", Decimal("89.50"), Decimal("107.40")),)


def test_every_cause_is_described():
    """The page about the report names what each one means."""
    assert set(CAUSE_WORDS) == set(Cause)


ROWS = st.lists(
    st.builds(
        row,
        quantity=st.one_of(st.none(), st.decimals(min_value=-5, max_value=1000, places=2)),
        sku=st.sampled_from(["A", "B", " B", "T"]),
        customer_code=st.sampled_from(["ASP", "FR1"]),
        currency=st.sampled_from(["GBP", "EUR"]),
        kind=st.sampled_from([UsageKind.RECURRING, UsageKind.SETUP]),
        unit_cost=st.one_of(st.none(), st.decimals(min_value=0, max_value=99, places=4)),
        total_cost=st.one_of(st.none(), st.decimals(min_value=-99, max_value=999, places=2)),
        covers_from=st.sampled_from([None, date(2026, 3, 1), date(2026, 10, 1)]),
        covers_until=st.sampled_from([None, date(2027, 3, 1)]),
    ),
    max_size=8,
)
RULES = st.sampled_from(
    [
        "rules: []",
        "rules: [{name: t, match: {sku: T}, exclude: free}, {name: y, match: {sku: A}, yearly: spread}]",
        "rules: [{name: f, fold: peak}, {name: b, bundle: {skus: [A, B], into: AB, count: sum}}]",
    ]
)
LINES = st.lists(
    st.tuples(
        st.decimals(min_value=0, max_value=500, places=2),
        st.one_of(st.none(), st.decimals(min_value=0, max_value=99, places=4)),
        st.sets(st.integers(1, 6), max_size=4),
        st.sampled_from([None, "verified", "stale", "unsent"]),
    ),
    max_size=5,
)


@given(ROWS, RULES, LINES)
def test_no_amount_is_lost_or_doubled_whatever_reaches_what(rows, rules, lines):
    """Charged costs of the rows are those of the records, and billed parts of the rows are the lines, exactly."""
    seen_lines = [
        seen(str(number), str(quantity), None if cost is None else str(cost))
        for number, (quantity, cost, _, _) in enumerate(lines)
    ]
    matches = [
        matched(str(number), str(one[0]), ",".join(map(str, sorted(one[2])))) for number, one in enumerate(lines)
    ]
    changes = [moved(str(number), str(one[0]), "7", tuple(one[2])) for number, one in enumerate(lines) if one[3]]
    states = {
        change.change_id: stood(change, JournalState(kind))
        for change in changes
        if (kind := lines[int(change.line_id)][3]) != "unsent"
    }
    inputs = inputs_of(rows, rules=rules, lines=seen_lines, matches=matches, changes=changes, states=states)
    found = reconcile(inputs)

    assert found.mismatches == ()
    carried = sum(Fraction(one.carried_cost) for one in found.rows)
    by_unit = [Fraction(one.unit_cost or 0) * Fraction(one.quantity or 0) for one in rows]
    told = sum(
        unit if one.total_cost is None else Fraction(one.total_cost) for one, unit in zip(rows, by_unit, strict=True)
    )
    assert sum(Fraction(one.charged_cost or 0) for one in found.rows) + carried == told
    expected = sum(Fraction(7) if one[3] == "verified" else Fraction(one[0]) for one in lines)
    assert sum(Fraction(one.billed_quantity) for one in found.rows) == expected
    known = [one for one in found.rows if one.billed_cost is not None]
    assert all(one.causes for one in found.rows)
    for one in known:
        agrees = one.quantity_difference == 0 and one.cost_difference == 0
        assert agrees == (Cause.NONE in one.causes) or not one.records
    assert sum(Fraction(total.charged_cost) for total in found.totals if not total.customer_code) == told - carried


SHARES = st.lists(st.decimals(min_value=0, max_value=99, places=3), min_size=1, max_size=6)


@given(st.decimals(min_value=-(10**6), max_value=10**6, places=8), SHARES)
def test_parts_of_a_line_are_the_line(total, shares):
    """However a line is split, nothing is left over."""
    assert sum(map(Fraction, split_exactly(total, shares))) == Fraction(total)
