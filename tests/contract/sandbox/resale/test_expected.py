"""What the world calls right follows from usage, terms and additions, and by exact arithmetic."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

import pytest

from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.sandbox.world.records import Outcome
from billing_providers.sandbox.world.resale.amounts import Amount
from billing_providers.sandbox.world.resale.backup_records import Month
from billing_providers.sandbox.world.resale.resale import Resale, build_resale
from billing_providers.sandbox.world.resale.terms import DEMO_TERMS, Sends, Settled, Term, half_up, settled

CALENDAR = BillingCalendar(1, "Europe/London")
JULY = CALENDAR.period_containing(date(2026, 7, 10))
AUGUST = CALENDAR.period_after(JULY)
EXACT = Context(prec=60, rounding=ROUND_HALF_UP)


@pytest.fixture(scope="module")
def resale() -> Resale:
    return build_resale(1)


def _addition_id(resale: Resale, code: str, metric: str) -> int:
    found = [stem.addition_id for stem in resale.stems if (stem.customer_code, stem.metric) == (code, metric)]
    assert len(found) == 1
    assert found[0] is not None
    return found[0]


def _right(resale: Resale, code: str, metric: str, period: BillingPeriod = JULY, **how: object) -> Settled | None:
    return resale.expected(period, **how).get(_addition_id(resale, code, metric))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "places", "rounded"),
    [
        (Fraction(12125, 1000), 2, "12.13"),
        (Fraction(12115, 1000), 2, "12.12"),
        (Fraction(5, 2), 0, "3"),
        (Fraction(7, 2), 0, "4"),
        (Fraction(-5, 2), 0, "-3"),
        (Fraction(1, 3), 4, "0.3333"),
        (Fraction(0), 2, "0.00"),
    ],
)
def test_halves_are_rounded_away_from_zero(number: Fraction, places: int, rounded: str) -> None:
    """Half up, never to the even neighbour."""
    assert str(half_up(number, places)) == rounded


@pytest.mark.parametrize(
    ("sends", "quantity", "cost", "right"),
    [
        (Sends.AVERAGE_COST, Fraction(8), "0.33", ("8.00", "0.0413", "0.05")),
        (Sends.AVERAGE_COST, Fraction(0), "0.00", ("0.00", "0.02", "0.05")),
        (Sends.AVERAGE_COST, Fraction(1, 1000), "0.01", ("0.00", "0.02", "0.05")),
        (Sends.TOTAL_AS_ONE, Fraction(3), "64.90", ("1", "64.90", "64.90")),
        (Sends.TOTAL_AS_ONE, Fraction(0), "0.00", ("0.00", "0.02", "0.05")),
        (Sends.QUANTITY_ONLY, Fraction(7), "9.99", ("7.00", "0.02", "0.05")),
    ],
)
def test_terms_settle_an_addition(sends: Sends, quantity: Fraction, cost: str, right: tuple[str, str, str]) -> None:
    """Each way of sending sets what its name says, and nothing else."""
    told = settled(Term(sends, 2), Amount(quantity, Decimal(cost)), Decimal("0.02"), Decimal("0.05"), Decimal(0))

    assert (str(told.quantity), str(told.unit_cost), str(told.unit_price)) == right


@pytest.mark.parametrize(
    ("code", "metric", "quantity", "unit_cost"),
    [
        ("FRAC", "used_space", "12.13", "0.0206"),  # 12.125 GB for 0.25
        ("DESK", "used_space", "8.00", "0.0413"),  # 0.33 for 8 GB
        ("DESK", "computers", "1", "1.50"),  # two rows of one computer
        ("ZERO", "used_space", "0.00", "0.0200"),  # nothing stored: the cost stays
        ("ZERO", "computers", "1", "1.50"),
        ("RINC", "billable_space", "20.00", "0.03"),
    ],
)
def test_awkward_numbers_are_settled(resale: Resale, code: str, metric: str, quantity: str, unit_cost: str) -> None:
    """Halves, zero, and rows of one computer: by literal values, whatever the month."""
    for period in (JULY, AUGUST):
        right = _right(resale, code, metric, period)

        assert right is not None
        assert (right.quantity, right.unit_cost) == (Decimal(quantity), Decimal(unit_cost))


def test_expected_storage_follows_from_the_rows(resale: Resale) -> None:
    """Gigabytes of 2^30 bytes, summed over users, rounded once; the cost by the rounded quantity."""
    stored: dict[str, int] = defaultdict(int)
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for row in resale.backup(Month(2026, 7)):
        stored[row.user.customer_code] += sum(machine.stored for machine in row.machines)
        costs[row.user.customer_code] += row.storage_cost
    expected = resale.expected(JULY)
    checked = 0
    for stem in resale.stems:
        if stem.metric == "used_space" and stem.addition_id in expected and stored[stem.customer_code]:
            quantity = EXACT.divide(Decimal(stored[stem.customer_code]), Decimal(2**30))
            quantity = quantity.quantize(Decimal("0.01"), ROUND_HALF_UP, EXACT)
            cost = EXACT.divide(costs[stem.customer_code], quantity).quantize(Decimal("0.0001"), ROUND_HALF_UP, EXACT)

            assert (expected[stem.addition_id].quantity, expected[stem.addition_id].unit_cost) == (quantity, cost)
            checked += 1

    assert checked == 32  # of 50: 12 cannot be found, 4 are guarded, 1 does not use it in July, 1 stores nothing


def test_expected_plans_and_spaces_follow_from_the_rows(resale: Resale) -> None:
    """Plans: one, at the sum of all plan costs. Spaces: the file's number, 50 GB included."""
    expected = resale.expected(JULY)
    plans: dict[str, Decimal] = defaultdict(Decimal)
    for row in resale.backup(Month(2026, 7)):
        plans[row.user.customer_code] += row.plan_cost
    spaces = {row.client.customer_code: row.space for row in resale.cloud(Month(2026, 7))}
    checked = {"plan": 0, "billable_space": 0}
    for stem in resale.stems:
        right = expected.get(stem.addition_id or 0)
        if right and stem.metric == "plan":
            total = plans[stem.customer_code]
            assert (right.quantity, right.unit_cost, right.unit_price) == (1, total, total)
            checked["plan"] += 1
        if right and stem.metric == "billable_space":
            assert (right.quantity, right.included) == (spaces[stem.customer_code], 50)
            checked["billable_space"] += 1

    assert checked == {"plan": 22, "billable_space": 23}


def test_no_expected_storage_hangs_on_the_last_digit(resale: Resale) -> None:
    """A source that prints gigabytes with nine places rounds to the same quantity, in every month of the year."""
    step = Decimal("0.000000001")
    for month in range(1, 13):
        sums: dict[str, int] = defaultdict(int)
        parts: dict[str, Decimal] = defaultdict(Decimal)
        for row in resale.backup(Month(2026, month)):
            sums[row.user.customer_code] += row.stored
            parts[row.user.customer_code] += EXACT.divide(Decimal(row.stored), Decimal(2**30)).quantize(step)
        for code, size in sums.items():
            once = half_up(Fraction(size, 2**30), 2)
            twice = parts[code].quantize(Decimal("0.01"), ROUND_HALF_UP)

            assert (code, month, once) == (code, month, twice)


def test_a_normal_month_changes_a_part_of_the_additions(resale: Resale) -> None:
    """Some seventy additions differ from what they hold before the first run; no run is without changes."""
    held = {
        entry.addition_id: (entry.quantity, entry.unit_cost, entry.unit_price, entry.included)
        for entry in resale.tenant.additions
    }
    for period in (JULY, AUGUST):
        expected = resale.expected(period)
        changing = [
            addition_id
            for addition_id, right in expected.items()
            if held[addition_id] != (right.quantity, right.unit_cost, right.unit_price, right.included)
        ]

        assert 175 <= len(expected) <= 195
        assert 55 <= len(changing) <= 95


def test_customers_that_cannot_be_billed_are_expected_nowhere(resale: Resale) -> None:
    """Neither their own additions nor those that were sold by hand appear."""
    never = {
        "BERG", "KOWA", "DELA", "FJEL", "GHCL", "LEVA", "RCAS", "NOCY", "QUAR", "CANC", "EXPI", "NOAG", "BFOR", "TWOA",
    }  # fmt: skip
    theirs = {stem.addition_id for stem in resale.stems if stem.customer_code in never}
    of_stems = {stem.addition_id for stem in resale.stems}

    expected = resale.expected(JULY)
    guarded = resale.expected(JULY, outcome=Outcome.GUARDED)

    assert not theirs & (expected.keys() | guarded.keys())
    assert expected.keys() | guarded.keys() <= of_stems
    assert not expected.keys() & guarded.keys()


def test_what_guards_may_hold_is_told_apart(resale: Resale) -> None:
    """The jump, the zero on a live addition, cost above price, DoNotBill, and in July the start in mid-month."""
    july = resale.expected(JULY, outcome=Outcome.GUARDED)
    august = resale.expected(AUGUST, outcome=Outcome.GUARDED)

    assert july[_addition_id(resale, "JUMP", "used_space")].quantity == Decimal("4000.00")
    assert july[_addition_id(resale, "RZER", "billable_space")].quantity == 0
    assert july.keys() - august.keys() == {_addition_id(resale, "MIDM", "used_space")}
    assert len(august) == 4


def test_dates_decide_whether_an_addition_is_billed(resale: Resale) -> None:
    """Not before it starts, until its last day, and no longer than its agreement."""
    june, march_2027, april_2027, january_2027 = (
        CALENDAR.period_containing(day)
        for day in (date(2026, 6, 1), date(2027, 3, 1), date(2027, 4, 1), date(2027, 1, 1))
    )

    assert _right(resale, "MIDM", "used_space", june) is None
    assert _right(resale, "MIDM", "used_space", AUGUST) is not None
    assert _right(resale, "FUTC", "used_space", march_2027) is not None
    assert _right(resale, "FUTC", "used_space", april_2027) is None
    assert _right(resale, "ENDS", "used_space", CALENDAR.period_containing(date(2026, 12, 1))) is not None
    assert _right(resale, "ENDS", "used_space", january_2027) is None


def test_two_agreements_are_right_only_under_the_policy_that_asks_for_the_product(resale: Resale) -> None:
    """Each product is on one of them; without the policy nothing is written there."""
    with_policy = resale.expected(JULY, holds_product=True)
    without = resale.expected(JULY)
    agreements = {entry.addition_id: entry.agreement_id for entry in resale.tenant.additions}

    more = with_policy.keys() - without.keys()

    assert more == {
        stem.addition_id for stem in resale.stems if stem.customer_code == "TWOA" and stem.metric in DEMO_TERMS
    }
    assert len({agreements[addition_id] for addition_id in more}) == 2


def test_additions_without_usage_are_named(resale: Resale) -> None:
    """A customer that stops is not expected at zero, but named: zeroing is a decision of its own."""
    july = resale.without_usage(JULY)
    august = resale.without_usage(AUGUST)
    evnm = [_addition_id(resale, "EVNM", metric) for metric in ("used_space", "computers", "billable_space")]
    oddm = [_addition_id(resale, "ODDM", metric) for metric in ("used_space", "computers")]

    assert set(evnm) <= set(july)
    assert set(oddm) <= set(august)
    assert _addition_id(resale, "RODD", "billable_space") in august
    assert not set(july) & resale.expected(JULY).keys()
    assert not set(july) & set(august)


def test_terms_are_an_argument(resale: Resale) -> None:
    """Other terms, other numbers; a metric without a term is left out."""
    terms = {"used_space": Term(Sends.TOTAL_AS_ONE)}

    told = resale.expected(JULY, terms)

    right = told[_addition_id(resale, "DESK", "used_space")]
    assert (right.quantity, right.unit_cost, right.unit_price) == (1, Decimal("0.33"), Decimal("0.33"))
    assert _addition_id(resale, "DESK", "computers") not in told


def test_only_calendar_months_are_known(resale: Resale) -> None:
    """MSP360 and rCloud bill calendar months; another period is refused."""
    with pytest.raises(ValueError, match="no calendar month"):
        resale.expected(BillingCalendar(26).period_containing(date(2026, 7, 10)))
