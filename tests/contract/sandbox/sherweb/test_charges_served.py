"""What the simulated Sherweb serves is what the world says, as it is known on the clock's day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import Outcome
from billing_providers.sandbox.world.sherweb.sherweb import Sherweb
from tests.support.sandbox_clients import BmsClient
from tests.support.sherweb_clients import PROVIDER, SherwebClient, tag


def _of(told: dict[str, Any], name: str, sku: str | None = None) -> list[dict[str, Any]]:
    return [charge for charge in told["charges"] if tag(charge) == name and sku in {None, charge["sku"]}]


def test_all_charges_of_a_period_travel_exactly(sherweb: SherwebClient, resold: Sherweb, july: BillingPeriod) -> None:
    """Any date inside the period names it; numbers are the world's to the last digit."""
    told = [sherweb.payable(day) for day in ("2026-07-01", "2026-07-31")]

    assert told[0] == told[1]
    assert (told[0]["periodFrom"], told[0]["periodTo"]) == ("2026-07-01", "2026-07-31")
    ids = {customer.code: customer.customer_id for customer in resold.customers}
    assert [
        (tag(one, "CustomerId"), one["sku"], one["quantity"], one["netPriceProrated"], one["subTotal"])
        for one in told[0]["charges"]
    ] == [
        (ids[one.customer_code], one.sku, one.quantity, one.net_price_prorated, one.sub_total)
        for one in resold.charges(july)
    ]


def test_one_charge_literally(sherweb: SherwebClient) -> None:
    """A charge in the middle of the month, field by field."""
    charge = _of(sherweb.payable("2026-07-05"), "Promenade Hotels", "SW-TEAMS-ESS")[1]

    assert {name: value for name, value in charge.items() if not name.endswith("Id")} == {
        "productName": "Microsoft Teams Essentials",
        "sku": "SW-TEAMS-ESS",
        "chargeName": "Microsoft Teams Essentials",
        "chargeType": "Recurring",
        "billingCycleType": "Monthly",
        "periodFrom": "2026-07-17",
        "periodTo": "2026-07-31",
        "quantity": 1,
        "listPrice": 4,
        "netPrice": Decimal("3.22"),
        "netPriceProrated": Decimal("1.5581"),
        "subTotal": Decimal("1.5581"),
        "currency": "EUR",
        "isBilled": True,
        "isProratable": True,
        "deductions": [
            {
                "code": "TEAMS-50C",
                "name": "Teams rebate",
                "deductionType": "PromotionalMoney",
                "value": Decimal("0.5"),
                "unitValue": Decimal("0.2419"),
                "totalValue": Decimal("0.2419"),
            },
            {
                "code": "PERF-7",
                "name": "Performance tier 7 %",
                "deductionType": "PerformancePercentage",
                "value": 7,
                "unitValue": Decimal("0.1355"),
                "totalValue": Decimal("0.1355"),
            },
        ],
        "fees": [],
        "taxes": [{"name": "VAT", "appliedRate": 20}],
        "tags": [
            {"name": "SubscriptionId", "value": tag(charge, "SubscriptionId")},
            {"name": "CustomerDisplayName", "value": "Promenade Hotels"},
            {"name": "CustomerId", "value": sherweb.customer_id("Promenade Hotels")},
        ],
        "invoice": {
            "number": "INV-20260731",
            "date": "2026-08-03",
            "periodFrom": "2026-07-01",
            "periodTo": "2026-07-31",
        },
    }


def test_today_is_asked_for_unless_told_otherwise(box: SandboxServer, sherweb: SherwebClient) -> None:
    """In UTC: seconds before midnight it is still July."""
    box.control.move_clock("2026-07-31T23:59:00Z")
    sherweb.sign_in()
    july = sherweb.get("/distributor/v1/billing/payable-charges")

    box.control.move_clock(advance_s=120)

    assert july["periodFrom"] == "2026-07-01"
    assert sherweb.get("/distributor/v1/billing/payable-charges")["periodFrom"] == "2026-08-01"


def test_an_open_period_holds_what_has_happened(box: SandboxServer, sherweb: SherwebClient) -> None:
    """Recurring charges at once, changes on their day, live usage in part, usage of the billing date not at all."""
    box.control.move_clock("2026-07-10T12:00:00Z")
    sherweb.sign_in()

    told = sherweb.payable("2026-07-31")

    assert [one["quantity"] for one in _of(told, "Severn Estuary Trust", "SW-M365-BP")] == [12, 1, 1]
    assert _of(told, "Oddments & Quills", "SW-OBK-GB") == []
    assert {one["isBilled"] for one in told["charges"]} == {False}
    live = {tag(one): one["quantity"] for one in told["charges"] if one["sku"] == "SW-OFFPROT"}
    box.control.move_clock("2026-08-01T00:00:00Z")
    sherweb.sign_in()
    whole = {
        tag(one): one["quantity"] for one in sherweb.payable("2026-07-31")["charges"] if one["sku"] == "SW-OFFPROT"
    }
    assert live.keys() == whole.keys()
    assert all(live[name] == whole[name] * 10 // 31 for name in live if name != "Lindqvist Bygg AB")
    assert len(_of(sherweb.payable("2026-07-31"), "Oddments & Quills", "SW-OBK-GB")) == 1


def test_the_future_has_no_charges(sherweb: SherwebClient) -> None:
    """The period is told all the same."""
    assert sherweb.payable("2026-09-15") == {"periodFrom": "2026-09-01", "periodTo": "2026-09-30", "charges": []}


def test_periods_may_start_on_another_day(box: SandboxServer, sherweb: SherwebClient) -> None:
    """The partner's billing date is Sherweb's to choose: the 31st clamps and comes back."""
    box.control.change_settings(sherweb_anchor_day=31)

    told = [sherweb.payable(day) for day in ("2026-02-15", "2026-03-01", "2026-04-01")]

    assert [(one["periodFrom"], one["periodTo"]) for one in told] == [
        ("2026-01-31", "2026-02-27"),
        ("2026-02-28", "2026-03-30"),
        ("2026-03-31", "2026-04-29"),
    ]


def test_the_renamed_customer_has_two_names_and_one_id(sherweb: SherwebClient) -> None:
    """A charge has the name of its first day; the list has today's."""
    told = sherweb.payable("2026-07-01")
    renamed = _of(told, "Renmark Toys") + _of(told, "Renmark Play Group")

    assert {tag(one) for one in renamed} == {"Renmark Toys", "Renmark Play Group"}
    assert {tag(one, "CustomerId") for one in renamed} == {sherweb.customer_id("Renmark Play Group")}


def test_the_id_tag_may_have_another_name_or_none(box: SandboxServer, sherweb: SherwebClient) -> None:
    """The vendor's sample reads the display name alone: whether there is an id is not known."""
    box.control.change_settings(sherweb_id_tag="OrganizationId")
    assert tag(sherweb.payable("2026-07-01")["charges"][0], "OrganizationId") == sherweb.customer_id(
        "Notting Acoustics"
    )

    box.control.change_settings(sherweb_id_tag="")

    named = {entry["name"] for one in sherweb.payable("2026-07-01")["charges"] for entry in one["tags"]}
    assert named == {"SubscriptionId", "CustomerDisplayName"}


def test_charge_ids_name_the_product_s_charge_or_the_row(box: SandboxServer, sherweb: SherwebClient) -> None:
    """By default equal charges are equal in every field, and both count; with ids of their own they differ."""
    twins = _of(sherweb.payable("2026-07-01"), "Severn Estuary Trust", "SW-M365-BP")[1:3]
    assert twins[0] == twins[1]

    box.control.change_settings(sherweb_row_ids=True)

    charges = sherweb.payable("2026-07-01")["charges"]
    assert len({one["chargeId"] for one in charges}) == len(charges)
    assert charges == sherweb.payable("2026-07-31")["charges"]


def test_receivable_charges_are_of_an_invoiced_period(box: SandboxServer, sherweb: SherwebClient) -> None:
    """August is not invoiced on 5 August: July is answered; on 2 August that is June."""
    told = sherweb.of_customer("receivable-charges", "Commons Housing", date="2026-08-04")
    assert (told["periodFrom"], [one["quantity"] for one in told["charges"]]) == ("2026-07-01", [35, -6, 2])
    assert [one["costPriceProrated"] for one in told["charges"]] == [
        Decimal("15.75"), Decimal("8.129"), Decimal("2.0323"),
    ]  # fmt: skip

    box.control.move_clock("2026-08-02T23:00:00Z")
    sherweb.sign_in()

    assert sherweb.of_customer("receivable-charges", "Commons Housing", date="2026-07-04")["periodFrom"] == "2026-06-01"
    assert sherweb.of_customer("receivable-charges", "Commons Housing")["periodFrom"] == "2026-06-01"


def test_subscriptions_are_those_of_today(box: SandboxServer, sherweb: SherwebClient) -> None:
    """Seats in force; what is cancelled is gone; a decrease that waits for the renewal is told."""
    box.control.move_clock("2026-07-10T06:00:00Z")
    sherweb.sign_in()
    before = sherweb.of_customer("subscriptions/details", "Cancello Gates")["items"]
    assert [(one["sku"], one["quantity"], one["purchaseDate"][:10]) for one in before] == [
        ("SW-M365-BP", 6, "2024-04-15"),
        ("SW-M365-BS-P1Y", 7, "2025-08-01"),
    ]
    assert before[0]["commitmentTerm"] is None
    assert before[1]["commitmentTerm"] == {
        "type": "Annual", "termEndDate": "2026-07-31", "renewalConfiguration": None,
    }  # fmt: skip
    last = sherweb.of_customer("subscriptions/details", "Last Mile Couriers")["items"][0]
    assert last["commitmentTerm"]["renewalConfiguration"] == {"renewalDate": "2026-07-31", "scheduledQuantity": 6}

    box.control.move_clock("2026-08-05T06:00:00Z")
    sherweb.sign_in()

    assert sherweb.of_customer("subscriptions", "Cancello Gates")["items"] == []


def test_the_suspended_customer_is_told_and_still_charged(sherweb: SherwebClient) -> None:
    """Suspended since 10 June."""
    items = sherweb.get(f"{PROVIDER}/customers")["items"]

    suspended = {item["displayName"]: item["suspendedOn"] for item in items if item["suspendedOn"]}
    assert suspended == {"Suspiro Bakeries": "2026-06-10T14:30:05.7613888Z"}
    assert len(_of(sherweb.payable("2026-07-01"), "Suspiro Bakeries")) >= 5


@pytest.mark.parametrize("anchor", [1, 20])
def test_everything_that_is_right_follows_from_what_is_served(
    box: SandboxServer, sherweb: SherwebClient, resold: Sherweb, anchor: int
) -> None:
    """A client that has only the answer and the mappings comes to the same units: nothing is known beside."""
    box.control.change_settings(sherweb_anchor_day=anchor)
    box.control.move_clock("2026-09-05T06:00:00Z")
    sherweb.sign_in()
    period = BillingCalendar(anchor).period_containing(date(2026, 7, 25))
    codes = {entry.customer_id: entry.customer_code for entry in resold.tenant.organizations}
    offers = {(entry.sku, entry.cycle): entry.offer_key for entry in resold.tenant.offers}
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one in sherweb.payable("2026-07-25")["charges"]:
        customer, offer = codes.get(tag(one, "CustomerId") or ""), offers.get((one["sku"], one["billingCycleType"]))
        if customer and offer and one["chargeType"] in {"Recurring", "Usage"}:
            sums[customer, offer] += Decimal(one["quantity"])

    for outcome in (Outcome.BILLED, Outcome.GUARDED):
        for line in resold.expected(period, outcome=outcome).values():
            assert sums[line.customer_code, line.offer_key] == line.charged


def test_bms_takes_everything_that_is_right(box: SandboxServer, resold: Sherweb, july: BillingPeriod) -> None:
    """Each step is taken for its day; in the end lines hold the expected units, and Atria's lines what they held."""
    bms = BmsClient(box)
    assert bms.sign_in().status_code == 200
    before = {line["line_id"]: line["units"] for line in box.control.lines()}
    expected = resold.expected(july)

    for line in expected.values():
        for step in line.steps:
            answer = bms.put_line(line.contract_id, line.line_id, int(step.units), step.day.isoformat())
            assert answer.status_code == 200, answer.text

    after = {line["line_id"]: line["units"] for line in box.control.lines()}
    assert {line_id: after[str(line_id)] for line_id in expected} == {
        line_id: str(line.units) for line_id, line in expected.items()
    }
    others = before.keys() - set(map(str, expected))
    assert len(others) > 560
    assert [line_id for line_id in others if before[line_id] != after[line_id]] == []
