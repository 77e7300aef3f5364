"""Sherweb's hook and file source on the simulated Sherweb: its awkward data, and what its world says is right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_providers.errors import SettingsError
from billing_providers.hooks.sherweb import SherwebHook
from billing_providers.hooks.sherweb_file import SherwebInvoiceFile
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead
from billing_providers.model.usage import UsageKind, UsageRecord
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.sherweb_file.file import write_sherweb_invoice_file
from billing_providers.sandbox.sherweb_file.shapes import SHAPES
from billing_providers.sandbox.world import build_world
from billing_providers.sandbox.world.records import Outcome
from billing_providers.sandbox.world.sherweb.expected import ExpectedLine
from billing_providers.sandbox.world.sherweb.sherweb import Sherweb
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime

JULY = BillingPeriod(date(2026, 7, 1), date(2026, 8, 1), "Europe/London")
AUGUST = BillingPeriod(date(2026, 8, 1), date(2026, 9, 1), "Europe/London")
MORNING = "2026-08-05T06:00:00Z"  # July is invoiced
BY_ID = {"customer_id_tag": "CustomerId", "quantity_places": 13}
QUANTITIES = {UsageKind.RECURRING, UsageKind.USAGE}

HookMaker = Callable[..., SherwebHook]


@pytest.fixture
def sherweb_of(box: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[HookMaker]:
    """Return a maker of hooks on the simulated Sherweb, on the morning of 2026-08-05. Waiting moves its clock."""
    box.control.move_clock(MORNING)
    made: list[SherwebHook] = []
    time = FrozenTime()

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        box.control.move_clock(advance_s=seconds)

    clocks = replace(time.clocks(), sleep=sleep)

    def make(**options: Any) -> SherwebHook:
        conn_id = set_connection(monkeypatch, "sherweb_contract", **box.connections()["sherweb_default"])
        made.append(SherwebHook(conn_id, clocks=clocks, **options))
        return made[-1]

    yield make
    for hook in made:
        hook.client.close()


@pytest.fixture(scope="module")
def world() -> Sherweb:
    """What the MSP resells from Sherweb."""
    return build_world().sherweb


def codes_of(world: Sherweb) -> dict[str, str]:
    """Return the world's customer codes by the id in Sherweb."""
    return {customer.customer_id: customer.code for customer in world.customers}


def id_of(world: Sherweb, code: str) -> str:
    return next(customer.customer_id for customer in world.customers if customer.code == code)


def monthly_lines(world: Sherweb) -> list[ExpectedLine]:
    """Return every line of a monthly offer, whatever becomes of it."""
    lines = [line for outcome in Outcome for line in world.expected(JULY, outcome=outcome).values()]
    return [line for line in lines if line.cycle == "Monthly"]


def records_of(read: UsageRead, line: ExpectedLine, world: Sherweb) -> list[UsageRecord]:
    """Return the records that are quantities of a line's offer."""
    customer_id = id_of(world, line.customer_code)
    return [
        record
        for record in read.records
        if (record.customer_code, record.sku, record.billing_cycle) == (customer_id, line.sku, "monthly")
        and record.kind in QUANTITIES
    ]


# -- what is right


def test_the_sum_of_the_records_is_what_the_distributor_charges(sherweb_of: HookMaker, world: Sherweb) -> None:
    """Law 12: conservation to the last place, by customer, SKU and currency."""
    read, codes = sherweb_of(cost_basis="net", **BY_ID).read_usage(JULY), codes_of(world)

    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for record in read.records:
        assert record.total_cost is not None
        sums[codes[record.customer_code], record.sku, record.currency] += record.total_cost
    assert sums == world.charged(JULY)
    assert len(sums) > 100


def test_what_covers_the_last_day_is_what_each_line_holds_at_the_end(sherweb_of: HookMaker, world: Sherweb) -> None:
    """Purchases, credits and changes on boundaries: the days of the charges tell what is in force."""
    read = sherweb_of(**BY_ID).read_usage(JULY)

    lines = monthly_lines(world)
    held = {
        line.line_id: sum(
            (
                record.quantity
                for record in records_of(read, line, world)
                if record.quantity is not None and record.covers_until is not None and record.covers_until >= JULY.end
            ),
            Decimal(0),
        )
        for line in lines
    }
    assert held == {line.line_id: Decimal(format(line.quantity, ".15g")) for line in lines}
    assert len(held) > 100


@pytest.mark.parametrize(
    ("basis", "name"),
    [("net", "net"), ("net_without_performance_tier", "net_without_tier"), ("list", "list_price")],
)
def test_a_unit_costs_what_the_world_says(sherweb_of: HookMaker, world: Sherweb, basis: str, name: str) -> None:
    """Whole and prorated charges of one price tell the same cost of one unit, on every basis."""
    read = sherweb_of(cost_basis=basis, **BY_ID).read_usage(JULY)

    priced = [line for line in monthly_lines(world) if line.costs is not None]
    told = {line.line_id: {record.unit_cost for record in records_of(read, line, world)} for line in priced}
    assert told == {line.line_id: {getattr(line.costs, name)} for line in priced}
    assert len(told) > 100


def test_setup_money_and_unknown_types_are_what_the_world_calls_no_quantities(
    sherweb_of: HookMaker, world: Sherweb
) -> None:
    """Neither fees nor licences nor money back ever become seats."""
    read, codes = sherweb_of(**BY_ID).read_usage(JULY), codes_of(world)

    others = [(codes[one.customer_code], one.description) for one in read.records if one.kind not in QUANTITIES]
    assert sorted(others) == sorted((one.customer_code, one.charge_name) for one in world.no_quantities(JULY))
    assert len(others) > 4


def test_awkward_customers_stay_apart(sherweb_of: HookMaker, world: Sherweb) -> None:
    """By id: two of one name are two, a renamed one is one."""
    read = sherweb_of(**BY_ID).read_usage(JULY)

    named = defaultdict(set)
    for record in read.records:
        named[record.customer_code].add(record.customer_name)
    assert (read.complete, read.malformed, read.failed_customers) == (True, [], {})
    assert named[id_of(world, "DUPA")] == named[id_of(world, "DUPB")]
    assert named[id_of(world, "RENM")] == {"Renmark Toys", "Renmark Play Group"}
    assert (
        f"customer {id_of(world, 'RENM')} comes under several names: 'Renmark Toys', 'Renmark Play Group'" in read.notes
    )


@pytest.mark.parametrize("id_tag", ["CustomerId", ""])
def test_by_name_alone_two_customers_of_one_name_are_held(
    sherweb_of: HookMaker, box: SandboxServer, world: Sherweb, id_tag: str
) -> None:
    """Law 4: whether a tag shows it or only the list of customers does."""
    box.control.change_settings(sherweb_id_tag=id_tag)

    read = sherweb_of(quantity_places=13).read_usage(JULY)

    name = next(customer.name for customer in world.customers if customer.code == "DUPA")
    assert (read.complete, list(read.failed_customers)) == (True, [name])
    assert id_of(world, "DUPA") in read.failed_customers[name]
    assert id_of(world, "DUPB") in read.failed_customers[name]


def test_odd_quantities_hold_their_customers_unless_places_are_stated(sherweb_of: HookMaker) -> None:
    """Twelve and two quadrillionths are nobody's seats."""
    read = sherweb_of(customer_id_tag="CustomerId").read_usage(JULY)

    assert [(row.field, row.customer_name) for row in read.malformed] == [
        ("quantity", "Oddments & Quills"),
        ("quantity", "Oddments & Quills"),
        ("quantity", "Azurite Labs"),
    ]


def test_years_that_are_running_are_told_in_every_month_of_theirs(sherweb_of: HookMaker, world: Sherweb) -> None:
    """A year is charged once; with the months before, its seats are known in all of them, also on a first run."""
    read = sherweb_of(yearly_months=11, **BY_ID).read_usage(JULY)
    codes = codes_of(world)

    held: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for record in read.records:
        if record.billing_cycle == "yearly" and record.covers_from < JULY.end <= record.covers_until:
            held[codes[record.customer_code], record.sku] += record.quantity
    lines = [line for outcome in Outcome for line in world.expected(JULY, outcome=outcome).values()]
    wanted = {(line.customer_code, line.sku): line.quantity for line in lines if line.cycle == "Yearly"}
    assert {key: held[key] for key in wanted} == wanted
    assert len(wanted) > 10
    assert (read.complete, read.malformed) == (True, [])
    assert all(record.period_start == JULY.start for record in read.records)


# -- what is wrong on demand


@pytest.mark.parametrize(
    ("trouble", "nameless", "field"),
    [
        ("no_customer_tag", True, "tag CustomerId"),
        ("null_tags", True, "tag CustomerId"),
        ("unknown_customer", True, "tag CustomerId"),
        ("new_cycle", False, "billingCycleType"),
        ("text_quantity", False, "quantity"),
        ("correction", False, "periodFrom"),
    ],
)
def test_a_charge_that_cannot_count_is_named(
    sherweb_of: HookMaker, box: SandboxServer, world: Sherweb, trouble: str, nameless: bool, field: str
) -> None:
    """It holds its customer, or all where nobody is named; the other charges are read."""
    hook = sherweb_of(**BY_ID)
    count = len(hook.read_usage(JULY).records)
    box.control.sherweb_troubles([trouble])

    read = hook.read_usage(JULY)

    (row,) = read.malformed
    assert (row.field, row.customer_code) == (field, "" if nameless else id_of(world, "CLOV"))
    assert len(read.records) in {count, count - 1}


@pytest.mark.parametrize(
    ("trouble", "note"),
    [
        ("unknown_type", "2 charges have the type Unknown, so they are no quantity (charges[58], charges[131])"),
        ("new_type", "1 charges have the type Refund, so they are no quantity (charges[131])"),
        ("repeated", "2 charges say in every field what another one says; each counts (charges[50], charges[132])"),
        (
            "sub_total_off",
            "1 charges do not add up, and were taken as they are: subTotal is not quantity x netPriceProrated "
            "(charges[131])",
        ),
    ],
)
def test_what_is_odd_about_a_charge_is_told(sherweb_of: HookMaker, box: SandboxServer, trouble: str, note: str) -> None:
    """Taken as it is, and never silently."""
    hook = sherweb_of(**BY_ID)
    assert note not in hook.read_usage(JULY).notes
    box.control.sherweb_troubles([trouble])

    assert note in hook.read_usage(JULY).notes


@pytest.mark.parametrize("trouble", ["empty", "null_charges"])
def test_no_charges_are_no_records(sherweb_of: HookMaker, box: SandboxServer, trouble: str) -> None:
    """Code 15 is decided later: nothing is written from no rows."""
    box.control.sherweb_troubles([trouble])

    assert sherweb_of(**BY_ID).read_usage(JULY).records == []


def test_charges_of_another_period_under_the_right_dates_hold_nearly_everybody(
    sherweb_of: HookMaker, box: SandboxServer
) -> None:
    """Their own days give them away; only years that run on cover a day of the period."""
    box.control.sherweb_troubles(["mislabelled"])

    read = sherweb_of(**BY_ID).read_usage(JULY)

    assert {row.field for row in read.malformed} == {"periodFrom"}
    assert len(read.malformed) > 10 * len(read.records)


def test_usage_is_waited_for_until_it_is_billed(sherweb_of: HookMaker, box: SandboxServer) -> None:
    """Two days after the period's end the twin invoices it."""
    hook = sherweb_of(**BY_ID)
    box.control.move_clock("2026-08-01T06:00:00Z")
    before = hook.not_ready_why(JULY)
    box.control.move_clock(MORNING)

    assert "usage charges are not billed yet" in before
    assert hook.not_ready_why(JULY) == ""


def test_a_period_that_starts_on_another_day_is_told_by_its_anchor_day(
    sherweb_of: HookMaker, box: SandboxServer
) -> None:
    """Two calendars that differ never agree by waiting."""
    box.control.change_settings(sherweb_anchor_day=15)
    hook = sherweb_of(**BY_ID)

    read = hook.read_usage(JULY)

    assert (read.complete, hook.not_ready_why(JULY)) == (False, "")
    assert "; Sherweb's periods start on day 15, the calendar's anchor_day should be that" in read.incomplete_why


def test_a_token_that_ends_and_a_limit_that_is_reached_are_survived(sherweb_of: HookMaker, box: SandboxServer) -> None:
    """Tokens are renewed, and a 429 is waited for as its detail says."""
    box.control.change_settings(sherweb_token_s=60, sherweb_requests_per_minute=3)
    hook = sherweb_of(**BY_ID)

    counts = {len(hook.read_usage(JULY).records) for _ in range(6)}

    assert len(counts) == 1


# -- the other readings


def test_subscriptions_are_what_customers_hold_today(sherweb_of: HookMaker, world: Sherweb) -> None:
    """One record per subscription that has seats, for every customer."""
    read, codes = sherweb_of(reads="subscriptions", **BY_ID).read_usage(AUGUST), codes_of(world)

    today = date(2026, 8, 5)
    held = {
        entry.subscription_id: (entry.customer_code, Decimal(entry.in_force(today)))
        for entry in world.book.subscriptions
        if entry.events and entry.in_force(today)
    }
    told = {record.item_id: (codes[record.customer_code], record.quantity) for record in read.records}
    assert {item: told[item] for item in held} == held
    assert (read.complete, read.malformed, read.failed_customers) == (True, [], {})
    assert len(held) > 80


def test_subscriptions_by_name_hold_customers_of_one_name(sherweb_of: HookMaker, world: Sherweb) -> None:
    """As charges do."""
    read = sherweb_of(reads="subscriptions").read_usage(AUGUST)

    name = next(customer.name for customer in world.customers if customer.code == "DUPA")
    assert list(read.failed_customers) == [name]
    assert name not in {record.customer_code for record in read.records}


def test_what_a_customer_owes_is_read_for_an_invoiced_period_alone(sherweb_of: HookMaker, world: Sherweb) -> None:
    """August is not invoiced, so Sherweb answers with July: never taken for August."""
    hook, customer_id = sherweb_of(**BY_ID), id_of(world, "CLOV")

    july, august = (hook.receivable_charges(customer_id, period) for period in (JULY, AUGUST))

    charged = [one for one in world.charges(JULY) if one.customer_code == "CLOV"]
    assert [(one.sku, one.quantity) for one in july.records] == [(one.sku, one.quantity) for one in charged]
    assert {record.customer_code for record in july.records} == {customer_id}
    assert all(one.unit_price == one.list_price * Decimal("1.25") for one in _beside(july, charged))
    assert (july.complete, august.complete) == (True, False)
    assert august.incomplete_why.startswith(
        "Sherweb tells of the billing period 2026-07-01 to 2026-07-31, asked was 2026-08"
    )


def _beside(read: UsageRead, charged: list[Any]) -> Iterator[Any]:
    """Yield what is charged with the price that the record of it tells."""
    for record, charge in zip(read.records, charged, strict=True):
        yield type("Priced", (), {"unit_price": record.unit_price, "list_price": charge.list_price})


def test_every_call_is_a_read(sherweb_of: HookMaker, box: SandboxServer, world: Sherweb) -> None:
    """By the log of the server: nothing that writes has reached it."""
    box.control.forget_requests()
    for reads in ("charges", "subscriptions"):
        hook = sherweb_of(reads=reads)
        hook.test_connection()
        hook.read_usage(JULY)
        hook.receivable_charges(id_of(world, "CLOV"), JULY)

    seen = box.control.requests()
    assert (seen["total"] > 40, seen["writing"]) == (True, 0)


# -- the file

SHAPE_OPTIONS: dict[str, dict[str, Any]] = {
    "semicolon": {"date_format": "%d.%m.%Y"},
    "small_headings": {"field_map": {"customer": "customer_display_name"}},
}
REFUSED_SHAPES = {"money"}


def invoice(folder: Path, world: Sherweb, shape: str, trouble: str = "", **options: Any) -> SherwebInvoiceFile:
    path = folder / f"invoice.{SHAPES[shape].kind}"
    write_sherweb_invoice_file(path, world, JULY, shape, trouble)
    known = {"cost_basis": "net", "quantity_places": 13, "whole_file_after_s": 0, **SHAPE_OPTIONS.get(shape, {})}
    return SherwebInvoiceFile(str(path), **{**known, **options})


def content(record: UsageRecord, *, digits: int = 28) -> UsageRecord:
    """Return what is billed of a record, by the customer's name, with money of so many digits."""

    def amount(number: Decimal | None) -> Decimal | None:
        return None if number is None else Decimal(format(number, f".{digits}g"))

    return replace(
        record,
        source="",
        position="",
        record_id="",
        attributes="",
        customer_code=record.customer_name,
        unit_cost=amount(record.unit_cost),
        total_cost=amount(record.total_cost),
    )


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - REFUSED_SHAPES))
def test_every_form_of_the_file_gives_the_records_of_the_api(
    sherweb_of: HookMaker, world: Sherweb, tmp_path: Path, shape: str
) -> None:
    """Whoever changes from one to the other is billed the same; a spreadsheet tells 15 digits of money."""
    api = sherweb_of(cost_basis="net", **BY_ID).read_usage(JULY)

    read = invoice(tmp_path, world, shape).read_usage(JULY)

    digits = 12 if SHAPES[shape].kind == "xlsx" else 28  # of computed sums the spreadsheet's last ones are noise
    assert (read.complete, read.malformed) == (True, [])
    assert [content(one, digits=digits) for one in read.records] == [content(one, digits=digits) for one in api.records]


def test_amounts_with_a_currency_sign_are_refused(world: Sherweb, tmp_path: Path) -> None:
    """They are rounded for the eye: EUR 1,374.50 is not the quantity."""
    read = invoice(tmp_path, world, "money").read_usage(JULY)

    assert read.records == []
    assert len(read.malformed) > 150


@pytest.mark.parametrize(
    ("trouble", "field"),
    [
        ("without_customer", "Customer"),
        ("other_cycle", "Billing Cycle"),
        ("text_cell", "Quantity"),
        ("empty_cell", "Quantity"),
        ("formula", "Quantity"),
        ("error_cell", "Quantity"),
        ("bad_date", "From"),
    ],
)
@pytest.mark.parametrize("shape", ["plain", "xlsx"])
def test_a_row_that_cannot_be_read_is_named_by_its_heading(
    world: Sherweb, tmp_path: Path, shape: str, trouble: str, field: str
) -> None:
    """One row, its heading, its customer."""
    (row,) = invoice(tmp_path, world, shape, trouble).read_usage(JULY).malformed

    assert (row.position, row.field, bool(row.customer_code)) == ("row 2", field, trouble != "without_customer")


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        ("half_written", ""),
        ("no_bytes", "the file is empty so far"),
        ("heading_only", "the file has no rows so far"),
    ],
)
@pytest.mark.parametrize("shape", ["plain", "xlsx"])
def test_a_file_that_is_not_whole_is_waited_for(
    world: Sherweb, tmp_path: Path, shape: str, trouble: str, why: str
) -> None:
    """Law 3: and read all the same, it is incomplete."""
    source = invoice(tmp_path, world, shape, trouble)

    read = source.read_usage(JULY)

    assert read.complete is False
    assert why in read.incomplete_why
    assert source.not_ready_why(JULY) != ""


def test_a_row_that_is_missing_above_the_total_is_missed(world: Sherweb, tmp_path: Path) -> None:
    """The total is over all charges."""
    read = invoice(tmp_path, world, "total", "one_missing").read_usage(JULY)

    assert (read.complete, "states a total of" in read.incomplete_why) == (False, True)


def test_the_invoice_of_the_period_before_holds_nearly_everybody(world: Sherweb, tmp_path: Path) -> None:
    """Its rows have days of June; only years that run on cover a day of July."""
    read = invoice(tmp_path, world, "plain", "last_period").read_usage(JULY)

    assert {row.field for row in read.malformed} == {"From"}
    assert len(read.malformed) > 10 * len(read.records)


def test_a_missing_column_refuses_the_file(world: Sherweb, tmp_path: Path) -> None:
    """And so does a cost basis that the columns cannot give."""
    with pytest.raises(SettingsError, match="quantity: no column has this heading"):
        invoice(tmp_path, world, "plain", "missing_column").read_usage(JULY)
    with pytest.raises(SettingsError, match="performance_total: no column has this heading"):
        invoice(tmp_path, world, "plain", cost_basis="net_without_performance_tier").read_usage(JULY)
