"""The simulated Sherweb is wrong only when told to be, and then exactly in the way that was asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import requests

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.sherweb.troubles import WORDS
from billing_providers.sandbox.world.sherweb.sherweb import Sherweb
from tests.support.sherweb_clients import PAYABLE, PROVIDER, SherwebClient, tag

DAY = "2026-07-10"


def _clover(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in told["charges"] if tag(one) == "Clover Motors" and one["sku"] == "SW-M365-BP"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_status_is_problem_details(box: SandboxServer, sherweb: SherwebClient, status: int) -> None:
    """A 429 says in words how long to wait."""
    box.control.add_fault("status", system="sherweb", endpoint=f"GET {PAYABLE}", status=status)

    answer = sherweb.call(PAYABLE)

    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert ("Try again in 1 seconds" in answer.json()["detail"]) == (status == 429)
    assert sherweb.call(PAYABLE).status_code == 200


def test_a_failure_may_stand_under_200(box: SandboxServer, sherweb: SherwebClient) -> None:
    """Problem details where charges belong."""
    box.control.add_fault("success_false", system="sherweb", code=503, message="Later.")

    answer = sherweb.call(PAYABLE)

    assert (answer.status_code, answer.json()["status"], answer.json()["detail"]) == (200, 503, "Later.")


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_an_answer_may_be_lost(box: SandboxServer, sherweb: SherwebClient, kind: str) -> None:
    """The connection ends without one; the next is whole."""
    box.control.add_fault(kind, system="sherweb")

    with pytest.raises(requests.ConnectionError):
        sherweb.call(PAYABLE)

    assert len(sherweb.payable(DAY)["charges"]) > 100


def test_an_answer_may_be_cut_off(box: SandboxServer, sherweb: SherwebClient) -> None:
    """As JSON that ends too early, under a length that fits."""
    box.control.add_fault("truncate", system="sherweb", how="json")

    with pytest.raises(requests.JSONDecodeError):
        sherweb.call(PAYABLE).json()


def test_a_list_may_be_short_or_lie(box: SandboxServer, sherweb: SherwebClient) -> None:
    """Rows are missing at the end, or every quantity is off; nothing in the answer tells."""
    whole = sherweb.payable(DAY)["charges"]
    box.control.add_fault("short_page", system="sherweb", by=2)
    assert sherweb.payable(DAY)["charges"] == whole[:-2]

    box.control.add_fault("readback_lie", system="sherweb", delta=1)

    assert [one["quantity"] for one in sherweb.payable(DAY)["charges"]] == [one["quantity"] + 1 for one in whole]


def test_a_list_changes_between_two_reads(box: SandboxServer, sherweb: SherwebClient) -> None:
    """``drift`` buys seats just before the second read, for good."""
    box.control.add_fault("drift", system="sherweb", endpoint=f"GET {PAYABLE}", nth=2, line_id="CLOV", delta=3)

    first, second, third = (_clover(sherweb.payable(DAY))[0] for _ in range(3))

    assert second["quantity"] == first["quantity"] + 3
    assert second["subTotal"] == second["quantity"] * second["netPriceProrated"]
    assert third == second


def test_drift_may_come_again_and_names_the_first_charge_by_default(box: SandboxServer, sherweb: SherwebClient) -> None:
    """Two drifts add up; other charges stay."""
    before = sherweb.payable(DAY)["charges"]
    box.control.add_fault("drift", system="sherweb", count=2)
    sherweb.payable(DAY)

    after = sherweb.payable(DAY)["charges"]

    assert after[0]["quantity"] == before[0]["quantity"] + 2
    assert after[1:] == before[1:]


def test_a_token_may_end_between_two_reads(box: SandboxServer, sherweb: SherwebClient) -> None:
    """The second read is a 401 that a new sign-in mends."""
    box.control.add_fault("revoke_token", system="sherweb", endpoint=f"GET {PROVIDER}/*", nth=2)

    assert [sherweb.call(f"{PROVIDER}/customers").status_code for _ in range(2)] == [200, 401]
    sherweb.sign_in()
    assert sherweb.call(f"{PROVIDER}/customers").status_code == 200


@pytest.mark.parametrize(
    ("trouble", "field", "value"),
    [
        ("null_tags", "tags", None),
        ("other_currency", "currency", "USD"),
        ("unknown_type", "chargeType", "Unknown"),
        ("new_type", "chargeType", "Refund"),
        ("new_cycle", "billingCycleType", "Quarterly"),
        ("no_sku", "sku", None),
        ("text_quantity", "quantity", "twelve"),
    ],
)
def test_troubles_of_one_charge(
    box: SandboxServer, sherweb: SherwebClient, trouble: str, field: str, value: str | None
) -> None:
    """One field of one charge differs from the healthy answer, and nothing else."""
    healthy = sherweb.payable(DAY)["charges"]
    box.control.sherweb_troubles([trouble])

    sick = sherweb.payable(DAY)["charges"]

    (place,) = [place for place, one in enumerate(healthy) if sick[place] != one]
    assert tag(healthy[place]) == "Clover Motors"
    assert sick[place][field] == value
    changed = {name for name in healthy[place] if sick[place][name] != healthy[place][name]}
    assert changed - {"chargeId", "productId"} == {field}


def test_a_charge_may_name_no_customer(box: SandboxServer, sherweb: SherwebClient) -> None:
    """Its other tags are there."""
    box.control.sherweb_troubles(["no_customer_tag"])

    (nameless,) = [one for one in sherweb.payable(DAY)["charges"] if tag(one) is None]

    assert [entry["name"] for entry in nameless["tags"]] == ["SubscriptionId"]


@pytest.mark.parametrize(
    ("trouble", "quantities", "first"),
    [
        ("repeated", lambda held: [held, held], "2026-07-01"),
        ("huge_quantity", lambda held: [held, 99 * held], "2026-07-01"),
        ("credit_above_charge", lambda held: [held, -held - 2], "2026-07-01"),
        ("correction", lambda held: [held, -1], "2026-06-01"),
    ],
)
def test_troubles_that_add_a_charge(
    box: SandboxServer, sherweb: SherwebClient, trouble: str, quantities: Any, first: str
) -> None:
    """Behind the charge that they concern, with sums that fit its quantity."""
    held = _clover(sherweb.payable(DAY))[0]["quantity"]
    box.control.sherweb_troubles([trouble])

    sick = _clover(sherweb.payable(DAY))

    assert [one["quantity"] for one in sick[:2]] == quantities(held)
    assert sick[1]["periodFrom"] == first
    assert all(Decimal(one["subTotal"]) == one["quantity"] * one["netPriceProrated"] for one in sick)


def test_things_that_were_never_there_before(box: SandboxServer, sherweb: SherwebClient) -> None:
    """A new SKU of a known customer, and a customer that the list of customers does not have."""
    box.control.sherweb_troubles(["new_offer", "unknown_customer"])

    charges = sherweb.payable(DAY)["charges"]

    assert [tag(one) for one in charges if one["sku"] == "SW-NEVER-SEEN"] == ["Clover Motors"]
    names = {item["displayName"] for item in sherweb.get(f"{PROVIDER}/customers")["items"]}
    assert {tag(one) for one in charges} - names - {"Renmark Toys"} == {"Nobody & Sons"}


def test_sums_and_rows_may_be_off(box: SandboxServer, sherweb: SherwebClient) -> None:
    """A subTotal that is no product; a list that lacks its last charge."""
    healthy = sherweb.payable(DAY)["charges"]
    box.control.sherweb_troubles("sub_total_off,one_missing")

    sick = sherweb.payable(DAY)["charges"]

    assert len(sick) == len(healthy) - 1
    off = [one["subTotal"] - one["quantity"] * one["netPriceProrated"] for one in sick if tag(one) == "Clover Motors"]
    assert off[0] == Decimal("0.01")


@pytest.mark.parametrize(
    ("trouble", "period", "charge_from"),
    [
        ("wrong_period", "2026-06-01", "2026-06-01"),
        ("mislabelled", "2026-07-01", "2026-06-01"),
    ],
)
def test_the_period_may_not_be_the_one_that_was_asked_for(
    box: SandboxServer, sherweb: SherwebClient, trouble: str, period: str, charge_from: str
) -> None:
    """Either the answer says so, or only its charges do."""
    box.control.sherweb_troubles([trouble])

    told = sherweb.payable(DAY)

    assert (told["periodFrom"], told["charges"][0]["periodFrom"]) == (period, charge_from)


def test_there_may_be_no_charges(box: SandboxServer, sherweb: SherwebClient) -> None:
    """None, or null instead of a list."""
    box.control.sherweb_troubles(["empty"])
    assert sherweb.payable(DAY)["charges"] == []

    box.control.sherweb_troubles(["null_charges"])

    assert sherweb.payable(DAY)["charges"] is None


def test_troubles_end(box: SandboxServer, sherweb: SherwebClient) -> None:
    """With an empty list, and with a reset."""
    healthy = sherweb.payable(DAY)
    for end in (lambda: box.control.sherweb_troubles(()), box.control.reset):
        box.control.sherweb_troubles(["empty"])
        end()
        box.control.move_clock("2026-08-05T06:00:00Z")
        sherweb.sign_in()
        assert sherweb.payable(DAY) == healthy


def test_each_trouble_makes_a_difference(box: SandboxServer, sherweb: SherwebClient) -> None:
    """None is a name without an effect."""
    healthy = sherweb.payable(DAY)
    for trouble in WORDS:
        box.control.sherweb_troubles([trouble])
        assert sherweb.payable(DAY) != healthy, trouble


def test_an_unknown_trouble_is_refused(box: SandboxServer) -> None:
    """With the names that there are."""
    with pytest.raises(ValueError, match="there are: no_customer_tag, null_tags"):
        box.control.sherweb_troubles(["typo"])


def test_seats_are_bought_by_hand(box: SandboxServer, sherweb: SherwebClient, resold: Sherweb) -> None:
    """A change of seats shows in charges, subscriptions and what is right, as if the world had it."""
    one = next(one for one in resold.book.subscriptions if one.customer_code == "RENM" and one.offer_key == "premium")
    box.control.change_seats(one.subscription_id, 4, "2026-07-22")

    charges = [c for c in sherweb.payable(DAY)["charges"] if tag(c, "SubscriptionId") == one.subscription_id]
    assert [(c["periodFrom"], c["quantity"]) for c in charges] == [
        ("2026-07-01", 10), ("2026-07-20", 1), ("2026-07-22", 4),
    ]  # fmt: skip
    right = box.control.sherweb(DAY)
    line = next(line for line in right["expected"].values() if line["customer_code"] == "RENM")
    assert (line["units"], [step["day"] for step in line["steps"]]) == (
        "15",
        ["2026-07-01", "2026-07-20", "2026-07-22"],
    )
    with pytest.raises(ValueError, match="only 15 seats"):
        box.control.change_seats(one.subscription_id, -16, "2026-07-23")
    with pytest.raises(ValueError, match="on a day after the purchase"):
        box.control.change_seats(one.subscription_id, 1, "2024-05-01")
    with pytest.raises(ValueError, match="no subscription"):
        box.control.change_seats("none", 1, "2026-07-01")


def test_a_customer_is_renamed_by_hand(box: SandboxServer, sherweb: SherwebClient) -> None:
    """From a day on: older charges keep the name."""
    box.control.rename_sherweb_customer("CLOV", "Clover Cars", "2026-07-01")

    assert {tag(one) for one in sherweb.payable("2026-07-01")["charges"]} >= {"Clover Cars"}
    assert _clover(sherweb.payable("2026-06-01"))
    assert sherweb.customer_id("Clover Cars")
    with pytest.raises(ValueError, match="no customer 'CLOVER'"):
        box.control.rename_sherweb_customer("CLOVER", "Clover Cars", "2026-07-01")


def test_charges_are_edited_by_hand(box: SandboxServer, sherweb: SherwebClient) -> None:
    """Fields by name, in one period or in all; or they are gone."""
    box.control.edit_charges("CLOV", "SW-M365-BP", DAY, quantity="7.5", currency="GBP")
    edited = _clover(sherweb.payable(DAY))[0]
    assert (edited["quantity"], edited["currency"]) == (Decimal("7.5"), "GBP")
    assert _clover(sherweb.payable("2026-06-10"))[0]["currency"] == "EUR"

    box.control.edit_charges("CLOV", gone=True)

    assert [one for one in sherweb.payable(DAY)["charges"] if tag(one) == "Clover Motors"] == []
    with pytest.raises(ValueError, match="a charge has no price; it has: quantity, list_price"):
        box.control.edit_charges("CLOV", price="1")
    with pytest.raises(ValueError, match="no customer 'NOBODY'"):
        box.control.edit_charges("NOBODY", quantity="1")


def test_the_statement_over_http_is_the_world_s(box: SandboxServer, resold: Sherweb, july: BillingPeriod) -> None:
    """As JSON: decimals and days are text, lines go by their ids."""
    told = requests.get(f"{box.control_url}/sherweb", params={"day": DAY}, timeout=20).json()

    assert told["period"] == {"start": "2026-07-01", "last_day": "2026-07-31"}
    assert told == box.control.sherweb(DAY) == resold.to_json(july)
    assert told == box.control.world("2026-07-31")["sherweb"]
    line = next(line for line in told["expected"].values() if line["customer_code"] == "SEVR")
    assert line["steps"][1] == {"day": "2026-07-06", "units": "14"}
    assert line["costs"] == {"list_price": "22.00", "net": "20.4600", "net_without_tier": "22.0000"}
    assert {"customer_code": "SEVR", "sku": "SW-M365-BP", "currency": "EUR", "amount": "285.78"} in told["charged"]
