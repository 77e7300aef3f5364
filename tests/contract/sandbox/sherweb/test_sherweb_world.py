"""What is resold from Sherweb is always the same, as large as it says, and holds every awkward thing that it names."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.sandbox.world import World, build_world
from billing_providers.sandbox.world.sherweb.customers import RIGHT_TO_LEFT
from billing_providers.sandbox.world.sherweb.records import Counted, SherwebCharge, Subscription
from billing_providers.sandbox.world.sherweb.sherweb import Sherweb

MONTHS = [BillingCalendar(1).period_containing(date(2024 + place // 12, place % 12 + 1, 1)) for place in range(1, 36)]


def _charges(resold: Sherweb, period: BillingPeriod, code: str, offer: str) -> list[SherwebCharge]:
    return [one for one in resold.charges(period) if (one.customer_code, one.offer_key) == (code, offer)]


def _owned(resold: Sherweb, code: str, offer: str) -> list[Subscription]:
    return [one for one in resold.book.subscriptions if (one.customer_code, one.offer_key) == (code, offer)]


def test_the_same_seed_gives_the_same_charges(july: BillingPeriod) -> None:
    """Nothing depends on the run, the clock or the order of asking."""
    first, second = build_world(7).sherweb, build_world(7).sherweb
    second.charges(MONTHS[3])

    assert first == second
    assert first.charges(july) == second.charges(july)


def test_another_seed_changes_sizes_but_not_who_and_what_there_is(resold: Sherweb, july: BillingPeriod) -> None:
    """Customers, offers, subscriptions, mappings and ids stay; quantities do not."""
    other = build_world(2).sherweb

    assert (other.customers, other.book.offers, other.cases) == (resold.customers, resold.book.offers, resold.cases)
    ids = [[one.subscription_id for one in some.book.subscriptions] for some in (resold, other)]
    assert ids[0] == ids[1]
    assert other.tenant.organizations == resold.tenant.organizations
    pairs = [[(line.customer_code, line.offer_key) for line in some.tenant.lines] for some in (resold, other)]
    assert pairs[0] == pairs[1]
    assert other.charges(july) != resold.charges(july)


def test_it_is_as_large_as_the_page_says(resold: Sherweb, july: BillingPeriod) -> None:
    """The sizes on the page are those of the default seed."""
    assert (len(resold.customers), len(resold.book.subscriptions)) == (37, 152)
    assert (len(resold.tenant.organizations), len(resold.tenant.offers), len(resold.tenant.lines)) == (36, 13, 144)
    assert 165 <= len(resold.charges(july)) <= 185


def test_histories_are_long_and_never_hold_less_than_nothing(resold: Sherweb) -> None:
    """Every quota starts with its purchase, and no event takes away more than there is."""
    quotas = [one for one in resold.book.subscriptions if one.events]

    assert [one for one in quotas if one.events[0].what != "purchase" or one.in_force(one.start) <= 0] == []
    assert [one for one in quotas if list(one.events) != sorted(one.events, key=lambda event: event.day)] == []
    assert [one for one in quotas for event in one.events if one.in_force(event.day) < 0] == []
    long = [one for one in quotas if one.events[-1].day - one.start > timedelta(days=26 * 31)]
    assert len(long) > 60
    assert sum(len(one.events) for one in long) > 900


def test_seats_under_a_commitment_fall_with_the_renewal_alone(resold: Sherweb) -> None:
    """A decrease has the day of an anniversary, and was asked for before it."""
    committed = [one for one in resold.book.subscriptions if resold.book.offers[one.offer_key].committed]
    falls = [(one.start, event) for one in committed for event in one.events if event.change < 0]

    assert len(falls) > 60
    for start, event in falls:
        assert event.asked_on is not None
        assert event.asked_on < event.day
        assert event.day.month == start.month
        assert event.day.day == start.day or (start.month, start.day, event.day.day) == (2, 29, 28)


def test_contracts_are_shared_with_atria_and_nothing_of_atria_s_changes(world: World, resold: Sherweb) -> None:
    """Three customers have one account, one contract and other lines; Atria's own lines are all as they would be."""
    shared = {
        entry.customer_code: entry
        for entry in resold.tenant.organizations
        if entry.customer_code in {"FJRD", "GRNT", "LARK"}
    }
    own = {line.line_id for line in resold.tenant.lines}
    services = {entry.service for entry in resold.tenant.offers}

    assert {entry.account_code for entry in shared.values()} == {"FJRD-01", "GRNT-01", "LARK-01"}
    for entry in shared.values():
        contract = [line for line in world.lines if line.contract_id == entry.contract_id]
        assert len([line for line in contract if line.line_id in own]) == 6
        assert len([line for line in contract if line.line_id not in own]) >= 11
        assert len({line.service_name for line in contract}) == len(contract)
    atria = {stem.line_id for stem in world.stems}
    assert not atria & own
    assert {line.service_name for line in world.lines if line.line_id in own} == services
    assert not services & {stem.sku for stem in world.stems}


def test_names_are_as_awkward_as_they_say(resold: Sherweb) -> None:
    """Markup, quotes, direction marks, a formula, one name for two."""
    names = {customer.code: customer.name for customer in resold.customers}

    assert "<script>" in names["MARK"]
    assert {"'", '"', ",", ";"} <= set(names["QUOT"])
    assert names["RTLM"].count(RIGHT_TO_LEFT) == 2
    assert names["FORM"].startswith("=")
    assert names["DUPA"] == names["DUPB"]
    assert Counter(names.values()).most_common(2)[1][1] == 1
    renamed = next(customer for customer in resold.customers if customer.code == "RENM")
    assert [renamed.name_on(date(2026, 7, day)) for day in (15, 16)] == ["Renmark Toys", "Renmark Play Group"]


def test_events_are_as_awkward_as_they_say(resold: Sherweb, july: BillingPeriod) -> None:
    """Literal charges of July 2026: from when to when, how many, and for how much."""

    def told(code: str, offer: str) -> list[tuple[str, str, str, str]]:
        return [
            (one.first.isoformat()[5:], one.last.isoformat()[5:], str(one.quantity), f"{one.sub_total:.4f}")
            for one in _charges(resold, july, code, offer)
        ]

    assert told("SEVR", "premium") == [
        ("07-01", "07-31", "12", "245.5200"),
        ("07-06", "07-31", "1", "17.1600"),
        ("07-06", "07-31", "1", "17.1600"),
        ("07-21", "07-31", "-3", "-21.7800"),
        ("07-11", "07-31", "2", "27.7200"),
    ]
    assert told("EDGE", "premium") == [("07-01", "07-31", "11", "225.0600"), ("07-31", "07-31", "1", "0.6600")]
    assert told("TURN", "premium") == [
        ("07-01", "07-31", "9", "184.1400"),
        ("07-08", "07-31", "4", "63.3600"),
        ("07-08", "07-31", "-4", "-63.3600"),
    ]
    assert told("CANC", "premium") == [("07-01", "07-31", "6", "122.7600"), ("07-14", "07-31", "-6", "-71.2800")]
    assert told("CANC", "teams") == []
    assert told("COMM", "standard") == [
        ("07-01", "07-31", "35", "410.1300"),
        ("07-16", "07-31", "-6", "-36.2880"),
        ("07-28", "07-31", "2", "3.0240"),
    ]
    assert told("NEGA", "teams") == [("07-01", "07-31", "-2", "-8.0000")]
    assert told("CRED", "teams") == [("07-01", "07-31", "5", "18.6000"), ("07-01", "07-31", "-7", "-28.0000")]
    assert told("ZERP", "office_protect") == [("07-01", "07-31", "0", "0.0000")]


def test_odd_numbers_are_there_digit_by_digit(resold: Sherweb, july: BillingPeriod) -> None:
    """As a double prints them."""
    assert _charges(resold, july, "ODDQ", "backup")[0].quantity == Decimal("12.000000000000002")
    assert _charges(resold, july, "ODDQ", "mail_guard")[0].quantity == Decimal("41.123456789012344")
    azure = _charges(resold, july, "AZUR", "azure")[0]
    assert (azure.quantity, azure.list_price) == (Decimal("1374.4999999999998"), Decimal("1.1483920571"))
    assert azure.net_price == Decimal("1.068004613103")


def test_charges_that_are_no_quantities(resold: Sherweb, july: BillingPeriod) -> None:
    """Setup, licence, fee, money back, unknown: each once, with its day."""
    told = [
        (one.customer_code, one.charge_name, one.charge_type, str(one.sub_total)) for one in resold.no_quantities(july)
    ]

    assert told == [
        ("UNKT", "Hosted Exchange 2013", "Unknown", "18.0"),
        ("ONCE", "Microsoft Teams Essentials setup", "Setup", "15.0"),
        ("ONCE", "Perpetual licence", "Setup", "1760.0"),
        ("ONCE", "Early cancellation fee", "Setup", "40.0"),
        ("ONCE", "Goodwill", "Setup", "-25.0"),
    ]
    assert {one.cycle for one in resold.no_quantities(july) if one.customer_code == "ONCE"} == {"OneTime"}


def test_years_are_charged_once_a_year(resold: Sherweb) -> None:
    """Over almost three years: each anniversary once, 29 February and the 31st included, at the seats of that day."""

    def years(code: str, offer: str) -> list[tuple[str, str, str]]:
        found = [one for period in MONTHS for one in _charges(resold, period, code, offer) if one.why == "year"]
        return [(one.first.isoformat(), one.last.isoformat(), str(one.quantity)) for one in found]

    assert years("LEAP", "exchange") == [
        ("2024-02-29", "2025-02-27", "20"),
        ("2025-02-28", "2026-02-27", "20"),
        ("2026-02-28", "2027-02-27", "19"),
    ]
    assert years("LAST", "exchange") == [
        ("2024-07-31", "2025-07-30", "8"),
        ("2025-07-31", "2026-07-30", "8"),
        ("2026-07-31", "2027-07-30", "7"),
    ]
    assert years("LAST", "project_yearly") == [("2025-01-31", "2026-01-30", "2"), ("2026-01-31", "2027-01-30", "2")]


def test_changes_inside_a_year_run_until_its_end(resold: Sherweb, july: BillingPeriod) -> None:
    """At the price of the term's first day: the tier that came in between does not count."""
    last = _charges(resold, july, "LAST", "exchange")
    assert [(one.why, one.first.day, one.last.isoformat(), str(one.net_price)) for one in last] == [
        ("year", 31, "2027-07-30", "40.1760"),
        ("increase", 30, "2026-07-30", "41.0400"),
    ]
    assert str(last[1].net_price_prorated) == "0.1124"  # 41.04 × 1 / 365
    (leap,) = _charges(resold, july, "LEAP", "exchange")
    assert (str(leap.quantity), leap.last.isoformat(), str(leap.sub_total)) == ("2", "2027-02-27", "50.1924")


def test_years_follow_each_other_without_a_gap(resold: Sherweb) -> None:
    """Of every yearly subscription: no day is charged twice, and none is left out."""
    for one in resold.book.subscriptions:
        if resold.book.offers[one.offer_key].cycle.value != "Yearly":
            continue
        found = [
            charge
            for period in MONTHS
            for charge in resold.charges(period)
            if charge.subscription_id == one.subscription_id and charge.why == "year"
        ]
        assert all(before.last + timedelta(days=1) == after.first for before, after in pairwise(found))
        assert found[0].first == one.start


def test_usage_is_never_a_quota(resold: Sherweb, july: BillingPeriod) -> None:
    """Each charge of usage says so, covers the period, and is not prorated; the others are Recurring."""
    usage = {key for key, offer in resold.book.offers.items() if offer.counted is not Counted.QUOTA}
    for charge in resold.charges(july):
        if charge.offer_key in usage:
            assert (charge.charge_type, charge.first, charge.last) == ("Usage", july.start, july.last_day)
            assert not charge.proratable


def test_every_case_names_something_that_is_there(resold: Sherweb) -> None:
    """Customers and offers of the cases exist, and the customer has bought the offer."""
    codes = {customer.code for customer in resold.customers}
    bought = {(one.customer_code, one.offer_key) for one in (*resold.book.subscriptions, *resold.book.one_offs)}
    for case in resold.cases.values():
        assert case.customer_code in codes
        assert not case.sku or (case.customer_code, case.sku) in bought
    assert len(_owned(resold, "SEVR", "premium")) == 2
