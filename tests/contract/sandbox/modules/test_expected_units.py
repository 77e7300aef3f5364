"""What the world says a right run leaves in Autotask, checked against its own counts and rows."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest

from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.sandbox.world.modules.counts import rmm_count
from billing_providers.sandbox.world.modules.expected import ExpectedUnits, Wanted
from billing_providers.sandbox.world.modules.modules import Modules, build_modules
from billing_providers.sandbox.world.records import Outcome

CALENDAR = BillingCalendar(1)
RMM, ALL_DEVICES, EDR, ENDPOINTS = "Datto RMM", "AllDevicesMetric", "Datto EDR", "Endpoints"


def _month(month: int, year: int = 2026) -> BillingPeriod:
    return CALENDAR.period_containing(date(year, month, 10))


JUNE, JULY, AUGUST = _month(6), _month(7), _month(8)


@pytest.fixture(scope="module")
def modules() -> Modules:
    return build_modules(1)


def _lines(modules: Modules, code: str, module: str = RMM, billing_type: str = ALL_DEVICES) -> tuple[str, ...]:
    key = (code, module, billing_type)
    return next(stem.lines for stem in modules.stems if (stem.customer_code, stem.module, stem.billing_type) == key)


def _right(
    modules: Modules,
    code: str,
    period: BillingPeriod = JULY,
    key: tuple[str, str] = (RMM, ALL_DEVICES),
    outcome: Outcome = Outcome.BILLED,
    wanted: Wanted = Wanted(),  # noqa: B008 - frozen
) -> ExpectedUnits | None:
    told = modules.expected(period, outcome=outcome, wanted=wanted)
    found = [told[line] for line in _lines(modules, code, *key) if line in told]
    assert len(found) <= 1
    return found[0] if found else None


def _guarded(modules: Modules, code: str, period: BillingPeriod = JULY, **more: object) -> ExpectedUnits | None:
    return _right(modules, code, period, outcome=Outcome.GUARDED, **more)  # type: ignore[arg-type]


def test_expected_counts_of_the_file_follow_from_its_rows(modules: Modules) -> None:
    """For customers without any case: the sum of the rows of one service, dated at the first day of the period."""
    awkward = {case.customer_code for case in modules.cases.values()}
    names = {customer.name: customer.code for customer in modules.customers if customer.code not in awkward}
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in modules.metrics(2026, 7):
        if row.organization in names and row.module != "Dark Web ID":
            part = "" if row.module == "Datto Endpoint Backup" else row.billing_type
            sums[names[row.organization], row.module + part] += row.count
    told = modules.expected(JULY)
    lines: dict[tuple[str, str], str] = {}
    for stem in modules.stems:
        part = "" if stem.module == "Datto Endpoint Backup" else stem.billing_type
        if (stem.customer_code, stem.module + part) in sums:
            lines[stem.customer_code, stem.module + part] = stem.lines[0]

    assert len(sums) == len(lines) == 45
    for key, total in sums.items():
        assert (key, told[lines[key]].units, told[lines[key]].from_day) == (key, int(total), date(2026, 7, 1))


def test_expected_devices_are_those_of_the_end_of_the_period(modules: Modules) -> None:
    """A device that is deleted in August still counts in July."""
    site = next(site for site in modules.rmm.sites if site.customer_code == "ABER")
    devices = [device for device in modules.rmm.devices if device.site_id == site.site_id]
    phones = {"Smartphone", "Tablet"}

    for period in (JUNE, JULY, AUGUST, _month(2, 2027)):
        there = [
            device
            for device in devices
            if device.created < period.end
            and not (device.deleted_on and device.deleted_on < period.end)
            and device.category not in phones
        ]
        right = _right(modules, "ABER", period)
        assert right is not None
        assert right.units == len(there)


def test_a_normal_month_changes_a_good_part_of_the_lines(modules: Modules) -> None:
    """Some hundred of two hundred lines differ from what they hold before the first run."""
    for period in (JULY, AUGUST):
        told = modules.expected(period)
        changing = [right for right in told.values() if right.change]

        assert 185 <= len(told) <= 225
        assert 80 <= len(changing) <= 125
        assert max(abs(right.change) for right in told.values()) == 6  # DECR; ordinary ones move by three at most


def test_customers_that_cannot_be_billed_are_expected_nowhere(modules: Modules) -> None:
    """Neither their own lines nor those that were sold by hand appear; both statements exclude each other."""
    never = {"NEAR", "LOWR", "UNKN", "INAC", "TWIN", "NOCO", "TYPE", "NMON", "STOP", "ENDD", "TWOC", "BUND", "OVER"}
    theirs = {line for stem in modules.stems if stem.customer_code in never for line in stem.lines}
    of_stems = {line for stem in modules.stems for line in stem.lines}

    billed = modules.expected(JULY)
    guarded = modules.expected(JULY, outcome=Outcome.GUARDED)

    assert not theirs & (billed.keys() | guarded.keys())
    assert billed.keys() | guarded.keys() <= of_stems
    assert not billed.keys() & guarded.keys()


@pytest.mark.parametrize(
    ("code", "module", "billing_type"),
    [
        ("WRON", RMM, ALL_DEVICES),
        ("SVIN", "Graphus", "Protected Users"),
        ("ICBL", EDR, ENDPOINTS),
        ("ASST", RMM, ALL_DEVICES),
        ("CONT", "SaaS Protection", "Microsoft 365 Seats"),
        ("FRAC", "RocketCyber", "Agents"),
        ("NEGA", "BullPhish ID", "Users"),
    ],
)
def test_lines_that_must_be_left_alone(modules: Modules, code: str, module: str, billing_type: str) -> None:
    """They exist, and are in no statement, whatever the policy."""
    every = Wanted(holds_service=True, bundles=True)

    assert _lines(modules, code, module, billing_type)
    for outcome in (Outcome.BILLED, Outcome.GUARDED):
        assert _right(modules, code, JULY, (module, billing_type), outcome, every) is None


def test_the_ordinary_changes(modules: Modules) -> None:
    """Up, down, and nothing on nothing."""
    day = date(2026, 7, 1)

    assert _right(modules, "INCR", key=(EDR, ENDPOINTS)) == ExpectedUnits(day, 15, 12)
    assert _right(modules, "DECR", key=(EDR, ENDPOINTS)) == ExpectedUnits(day, 14, 20)
    assert _right(modules, "NULL", key=(EDR, ENDPOINTS)) == ExpectedUnits(day, 0, 0)


def test_what_guards_may_hold_is_told_apart(modules: Modules) -> None:
    """The jump, the drop to zero, lines beside a discount or a leftover, and the company that two sites claim."""
    day = date(2026, 7, 1)

    assert _guarded(modules, "JUMP", key=(EDR, ENDPOINTS)) == ExpectedUnits(day, 180, 12)
    assert _guarded(modules, "ZERO", key=(EDR, ENDPOINTS)) == ExpectedUnits(day, 0, 6)
    for code, key in (("DISC", (RMM, ALL_DEVICES)), ("LEFT", (EDR, ENDPOINTS)), ("WREX", (RMM, ALL_DEVICES))):
        assert _guarded(modules, code, key=key) is not None


def test_posted_days_move_to_the_first_that_is_not(modules: Modules) -> None:
    """Guarded: left alone, or dated at the first day that is not posted; after it, as usual."""
    held = _guarded(modules, "POST")
    middle = _guarded(modules, "PMID")

    assert held is not None
    assert middle is not None
    assert (held.from_day, middle.from_day) == (date(2027, 1, 1), date(2026, 7, 15))
    assert _right(modules, "PMID", AUGUST) is not None
    assert _right(modules, "POST", _month(1, 2027)) is not None
    assert _guarded(modules, "ABER", _month(12, 2025)).from_day == date(2026, 1, 1)  # type: ignore[union-attr]


def test_a_prorated_period_is_guarded_and_its_later_part_moves_along(modules: Modules) -> None:
    """Three units more since the tenth: a change at the first would leave three too many after it."""
    right = _guarded(modules, "PROR")

    assert right is not None
    assert right.later == ((date(2026, 7, 10), right.units + 3),)
    after = _right(modules, "PROR", AUGUST)
    assert after is not None
    assert (after.before, after.later) == (right.before + 3, ())


def test_a_scheduled_change_keeps_its_size(modules: Modules) -> None:
    """Five more from October on, whatever is adjusted before."""
    july, october = _right(modules, "FUTR"), _right(modules, "FUTR", _month(10))

    assert july is not None
    assert october is not None
    assert july.later == ((date(2026, 10, 1), july.units + 5),)
    assert (october.before, october.later) == (july.before + 5, ())


def test_contracts_follow_each_other(modules: Modules) -> None:
    """The line of the contract that is in force; with two in force in one period, neither."""
    first, second = _lines(modules, "ROLL")
    before, after = _lines(modules, "OVER")

    assert {line for line in modules.expected(JUNE) if line in {first, second}} == {first}
    assert {line for line in modules.expected(JULY) if line in {first, second}} == {second}
    assert {line for line in modules.expected(JUNE) if line in {before, after}} == {before}
    assert {before, after} & modules.expected(JULY, outcome=Outcome.GUARDED).keys() == set()
    assert {line for line in modules.expected(AUGUST) if line in {before, after}} == {after}


def test_dates_of_contracts_decide(modules: Modules) -> None:
    """Not before it starts, on its first day where that lies inside, and no longer than it runs."""
    start = _guarded(modules, "STRT")

    assert _right(modules, "STRT", JUNE) is None
    assert start is not None
    assert start.from_day == date(2026, 7, 15)
    assert _right(modules, "STRT", AUGUST) is not None
    assert _right(modules, "ENDS", _month(9)) is not None
    assert _right(modules, "ENDS", _month(10)) is None
    assert _right(modules, "ENDD") is None


def test_adjustments_may_be_dated_after_the_period(modules: Modules) -> None:
    """What July counted, from August on: posted and prorated days are those of August then."""
    wanted = Wanted(on=date(2026, 8, 1))

    late = _right(modules, "PROR", wanted=wanted)
    assert late is not None
    assert (late.from_day, late.units) == (date(2026, 8, 1), _guarded(modules, "PROR").units)  # type: ignore[union-attr]
    assert _right(modules, "PMID", wanted=wanted) is not None
    assert _right(modules, "STRT", wanted=wanted) is not None
    first, _ = _lines(modules, "ROLL")
    assert first not in modules.expected(JUNE, wanted=Wanted(on=date(2026, 7, 1)))


def test_policies_find_more(modules: Modules) -> None:
    """The contract that has the service, and the bundle that is the only line."""
    two = modules.expected(JULY, wanted=Wanted(holds_service=True)).keys() - modules.expected(JULY).keys()
    bundles = modules.expected(JULY, wanted=Wanted(bundles=True)).keys() - modules.expected(JULY).keys()

    assert two == {line for stem in modules.stems if stem.customer_code == "TWOC" for line in stem.lines}
    assert bundles == {"b801"}


def test_suspended_devices_are_counted_unless_told_otherwise(modules: Modules) -> None:
    """20 of the 27 devices, 18 without those that are suspended; a server is in the group."""
    without = Wanted(suspended=False)

    assert _right(modules, "DEVX").units == 20  # type: ignore[union-attr]
    assert _right(modules, "DEVX", wanted=without).units == 18  # type: ignore[union-attr]
    assert _right(modules, "DEVX", _month(4)).units == 21  # type: ignore[union-attr]


def test_a_device_counts_from_the_day_on_which_it_is_enrolled(modules: Modules) -> None:
    """And no longer from the day on which it is deleted."""
    device = next(device for device in modules.rmm.devices if device.deleted_on and device.category == "Laptop")
    assert device.deleted_on is not None
    days = [device.created, date.fromordinal(device.deleted_on.toordinal() - 1), device.deleted_on]

    assert [rmm_count([device], ALL_DEVICES, day) for day in days] == [1, 1, 0]
    assert rmm_count([device], "Servers", device.created) == 0


def test_sites_of_one_company_are_summed(modules: Modules) -> None:
    """Three sites, one line."""
    per_site: dict[int, int] = defaultdict(int)
    for device in modules.rmm.devices:
        counted = device.category not in {"Smartphone", "Tablet"}
        if counted and device.created < JULY.end and not (device.deleted_on and device.deleted_on < JULY.end):
            per_site[device.site_id] += 1
    sites = [site.site_id for site in modules.rmm.sites if site.customer_code == "TWOS"]

    assert len(sites) == 3
    assert _right(modules, "TWOS").units == sum(per_site[site] for site in sites)  # type: ignore[union-attr]


def test_lines_without_usage_are_named(modules: Modules) -> None:
    """A customer that stops is not expected at zero, but named: zeroing is a decision of its own."""
    key = ("BullPhish ID", "Users")
    (oddm,), (evnm,) = _lines(modules, "ODDM", *key), _lines(modules, "EVNM", *key)

    assert modules.without_usage(JULY) == [evnm]
    assert modules.without_usage(AUGUST) == [oddm]
    assert evnm not in modules.expected(JULY)


def test_only_calendar_months_are_known(modules: Modules) -> None:
    """Modules are billed by calendar months; another period is refused."""
    odd = BillingCalendar(26).period_containing(date(2026, 7, 10))

    with pytest.raises(ValueError, match="no calendar month"):
        modules.expected(odd)
    with pytest.raises(ValueError, match="no calendar month"):
        modules.without_usage(odd)
