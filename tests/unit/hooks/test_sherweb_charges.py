"""One charge of Sherweb as a usage record: what is counted, for which days, at which cost, and whose trouble it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.errors import SettingsError
from billing_providers.hooks.sw.options import DISPLAY_NAME, CostBasis, charge_options
from billing_providers.hooks.sw.records import ChargeReader, CountedCharges, numbered
from billing_providers.hooks.sw.span import Span
from billing_providers.model.usage import UsageKind, UsageRecord

OCTOBER = Span(date(2026, 10, 1), date(2026, 11, 1))
TIER = "PerformancePercentage"


def deduction(kind: str, unit: str, total: str) -> dict[str, Any]:
    return {"code": "D", "name": kind, "deductionType": kind, "value": Decimal(5)} | {
        "unitValue": Decimal(unit),
        "totalValue": Decimal(total),
    }


def charge(**fields: Any) -> dict[str, Any]:
    """A whole month of ten licences, list 20.00, performance tier 1.00; other fields as given."""
    row: dict[str, Any] = {
        "productName": "Microsoft 365 Business Premium",
        "sku": "MST-BUS-PRM",
        "chargeId": "c-1",
        "chargeName": "Business Premium licence",
        "chargeType": "Recurring",
        "billingCycleType": "Monthly",
        "periodFrom": "2026-10-01",
        "periodTo": "2026-10-31",
        "quantity": 10,
        "listPrice": Decimal("20.00"),
        "netPrice": Decimal("19.00"),
        "netPriceProrated": Decimal("19.00"),
        "subTotal": Decimal("190.00"),
        "currency": "CAD",
        "isBilled": True,
        "isProratable": True,
        "deductions": [deduction(TIER, "1.00", "10.00")],
        "fees": [],
        "tags": [{"name": DISPLAY_NAME, "value": "Aspen Ltd"}],
    }
    return row | fields


def read(*rows: Any, **options: Any) -> CountedCharges:
    settings = {"cost_basis": "net_without_performance_tier", "customer_tag": DISPLAY_NAME, "customer_id_tag": ""}
    held = charge_options(**{**settings, "quantity_places": None, **options})
    return ChargeReader("sherweb", held, OCTOBER).read(numbered(rows, "charges"))


def one(*rows: Any, **options: Any) -> UsageRecord:
    (record,) = read(*rows, **options).records
    return record


def fault(**fields: Any) -> tuple[str, str, str]:
    counted = read(charge(**fields))
    (row,) = counted.malformed
    assert counted.records == []
    return row.field, row.error, row.customer_code


def test_a_charge_is_one_record_with_everything_it_says() -> None:
    """Law 15: what is counted, and every other figure of the charge as exact text beside it."""
    record = one(charge(invoice={"number": "INV-7", "date": "2026-11-01"}, netPrice=Decimal("19.0000000000000004")))

    assert (record.customer_code, record.customer_name, record.billing_identifier) == ("Aspen Ltd", "Aspen Ltd", "")
    assert (record.sku, record.term, record.billing_cycle, record.item_id) == ("MST-BUS-PRM", "", "monthly", "")
    assert (record.description, record.summary) == ("Business Premium licence", "Microsoft 365 Business Premium")
    assert (record.kind, record.quantity, record.currency) == (UsageKind.RECURRING, Decimal(10), "CAD")
    assert (record.position, record.record_id) == ("charges[0]", "charges[0]")
    assert (record.period_start, record.period_end) == (date(2026, 10, 1), date(2026, 11, 1))
    assert (record.covers_from, record.covers_until) == (date(2026, 10, 1), date(2026, 11, 1))
    said = json.loads(record.attributes)
    assert said["netPrice"] == "19.0000000000000004"
    assert (said["subTotal"], said["isBilled"], said["invoice.number"]) == ("190.00", True, "INV-7")
    assert (said["tag.CustomerDisplayName"], said["chargeId"]) == ("Aspen Ltd", "c-1")
    assert said["deductions"][0]["totalValue"] == "10.00"


@pytest.mark.parametrize(
    ("first", "last", "covers"),
    [
        ("2026-10-12", "2026-10-31", (date(2026, 10, 12), date(2026, 11, 1))),
        ("2026-10-31", "2026-10-31", (date(2026, 10, 31), date(2026, 11, 1))),
        ("2026-10-01T00:00:00Z", "2027-09-30T00:00:00Z", (date(2026, 10, 1), date(2027, 10, 1))),
        ("2025-10-02", "2026-10-01", (date(2025, 10, 2), date(2026, 10, 2))),
        (None, None, (None, None)),
    ],
)
def test_the_days_of_a_charge_end_with_its_last_day(first: Any, last: Any, covers: Any) -> None:
    """A purchase inside the period is in force from its day on; the API's last day counts."""
    record = one(charge(periodFrom=first, periodTo=last))

    assert (record.covers_from, record.covers_until) == covers


@pytest.mark.parametrize(
    ("charge_type", "cycle", "kind", "billing_cycle"),
    [
        ("Recurring", "Monthly", UsageKind.RECURRING, "monthly"),
        ("Recurring", "Yearly", UsageKind.RECURRING, "yearly"),
        ("Usage", "Monthly", UsageKind.USAGE, "monthly"),
        ("Setup", "OneTime", UsageKind.SETUP, "one_time"),
        ("Setup", "Monthly", UsageKind.SETUP, "monthly"),
        ("Recurring", "OneTime", UsageKind.SETUP, "one_time"),
        ("Unknown", "OneTime", UsageKind.UNKNOWN, "one_time"),
        ("Subscription", None, UsageKind.UNKNOWN, ""),
        (None, "Monthly", UsageKind.UNKNOWN, "monthly"),
    ],
)
def test_what_is_charged_once_or_of_an_unknown_type_is_no_quantity(
    charge_type: Any, cycle: Any, kind: UsageKind, billing_cycle: str
) -> None:
    """Only what recurs or is used counts for a contract line; a new type is never taken for one that we know."""
    counted = read(charge(chargeType=charge_type, billingCycleType=cycle))

    assert [(record.kind, record.billing_cycle) for record in counted.records] == [(kind, billing_cycle)]
    if kind is UsageKind.UNKNOWN:
        named = charge_type or "(none)"
        assert counted.notes() == [f"1 charges have the type {named}, so they are no quantity (charges[0])"]


def test_credits_stay_negative_and_zeros_are_kept() -> None:
    """Nothing is left out and nothing is turned round: the rules decide what they come to."""
    credit = charge(quantity=-3, subTotal=Decimal("-57.00"), deductions=[deduction(TIER, "1.00", "-3.00")])
    zero = charge(quantity=0, subTotal=0, deductions=[deduction(TIER, "1.00", "0")])

    records = read(charge(), credit, zero).records

    assert [(str(record.quantity), str(record.total_cost)) for record in records] == [
        ("10", "200.00"),
        ("-3", "-60.00"),
        ("0", "0"),
    ]
    assert {record.kind for record in records} == {UsageKind.RECURRING}


def test_money_that_is_given_back_is_no_quantity() -> None:
    """A credit note over ten licences would otherwise count ten more."""
    prices = dict.fromkeys(("listPrice", "netPrice", "netPriceProrated"), Decimal("-19.00"))

    counted = read(charge(subTotal=Decimal("-190.00"), deductions=[], **prices))

    assert [record.kind for record in counted.records] == [UsageKind.CREDIT]
    assert counted.notes() == [
        "1 charges give money back for a quantity above zero, so they are no quantity (charges[0])"
    ]


# 20.00 list, 1.00 tier and 2.00 promotion, for the whole month and for 20 of 31 days.
PROMOTED = charge(
    netPrice=Decimal("17.00"),
    netPriceProrated=Decimal("17.00"),
    subTotal=Decimal("170.00"),
    deductions=[deduction(TIER, "1.00", "10.00"), deduction("PromotionalMoney", "2.00", "20.00")],
)
PRORATED = charge(
    periodFrom="2026-10-12",
    netPrice=Decimal("17.00"),
    netPriceProrated=Decimal("10.96774193548387"),
    subTotal=Decimal("109.6774193548387"),
    deductions=[
        deduction(TIER, "0.6451612903225806", "6.451612903225806"),
        deduction("PromotionalPercentage", "1.290322580645161", "12.90322580645161"),
    ],
)
TIER_ONLY = charge(
    periodFrom="2026-10-12",
    netPriceProrated=Decimal("12.25806451612903"),
    subTotal=Decimal("122.5806451612903"),
    deductions=[deduction(TIER, "0.6451612903225806", "6.451612903225806")],
)
WITH_FEE = charge(
    netPrice=Decimal("19.50"),
    netPriceProrated=Decimal("19.50"),
    subTotal=Decimal("195.00"),
    fees=[{"name": "Recycling", "unitValue": Decimal("0.50"), "totalValue": Decimal("5.00"), "isTaxable": True}],
)
FEE_TAKEN_OFF = charge(
    netPrice=Decimal("18.50"),
    netPriceProrated=Decimal("18.50"),
    subTotal=Decimal("185.00"),
    fees=[{"name": "Recycling", "unitValue": Decimal("0.50"), "totalValue": Decimal("5.00"), "isTaxable": True}],
)
# Prorated prices come rounded to 4 places: scaled back, the tier's 5 % of 4.00 would be 0.200027.
ROUNDED = charge(
    periodFrom="2026-10-12",
    listPrice=Decimal("4.00"),
    netPrice=Decimal("3.30"),
    netPriceProrated=Decimal("2.1290"),
    quantity=3,
    subTotal=Decimal("6.387"),
    deductions=[deduction(TIER, "0.1290", "0.387"), deduction("PromotionalMoney", "0.3226", "0.9678")],
)
# The value says nothing that the numbers bear out: 50 % would be 2.00.
SCALED = ROUNDED | {
    "deductions": [
        {**deduction(TIER, "0.1290", "0.387"), "value": 50},
        deduction("PromotionalMoney", "0.3226", "0.9678"),
    ]
}
FREE = charge(netPrice=0, netPriceProrated=0, subTotal=0, deductions=[deduction("PromotionalPercentage", "20", "200")])


@pytest.mark.parametrize(
    ("row", "net", "without_tier", "list_"),
    [
        (charge(), ("19.00", "190.00"), ("20.00", "200.00"), ("20.00", "200.00")),
        (PROMOTED, ("17.00", "170.00"), ("18.00", "180.00"), ("20.00", "200.00")),
        (
            PRORATED,
            ("17.00", "109.6774193548387"),
            ("18", "116.129032258064506"),
            ("20.00", "129.032258064516116"),
        ),
        (
            TIER_ONLY,
            ("19.00", "122.5806451612903"),
            ("20.00", "129.032258064516106"),
            ("20.00", "129.032258064516106"),
        ),
        (ROUNDED, ("3.30", "6.387"), ("3.5", "6.774"), ("4.00", "7.7418")),
        (SCALED, ("3.30", "6.387"), ("3.499953", "6.774"), ("4.00", "7.7418")),
        (WITH_FEE, ("19.50", "195.00"), ("20.50", "205.00"), ("20.00", "200.00")),
        (FEE_TAKEN_OFF, ("18.50", "185.00"), ("19.50", "195.00"), ("20.00", "200.00")),
        (FREE, ("0", "0"), ("0", "0"), ("20.00", "200")),
    ],
    ids=["whole", "promoted", "prorated", "prorated, tier only", "rounded", "scaled", "fee", "fee taken off", "free"],
)
def test_a_cost_is_what_its_basis_says(row: Any, net: Any, without_tier: Any, list_: Any) -> None:
    """One unit for a whole period, and all as charged: nothing is rounded but a scaled deduction."""
    found = {basis: one(row, cost_basis=basis.value) for basis in CostBasis}

    assert {basis: (str(record.unit_cost), str(record.total_cost)) for basis, record in found.items()} == {
        CostBasis.NET: net,
        CostBasis.WITHOUT_TIER: without_tier,
        CostBasis.LIST: list_,
    }


def test_money_below_a_cent_is_kept_to_18_places() -> None:
    """Doubles of that size print more places than can be kept; what is printed stays in the attributes."""
    tiny = "0.0009032258064516129"

    record = one(charge(quantity=1, netPriceProrated=Decimal(tiny), subTotal=Decimal(tiny)), cost_basis="net")

    assert str(record.total_cost) == "0.000903225806451613"
    assert json.loads(record.attributes)["subTotal"] == tiny


def test_a_unit_cost_that_nothing_tells_is_none() -> None:
    """A charge that was free for a part of the period does not say which part."""
    record = one(
        charge(
            netPrice=0,
            netPriceProrated=0,
            subTotal=0,
            deductions=[deduction(TIER, "0.50", "5.00"), deduction("PromotionalPercentage", "9.50", "95.00")],
        )
    )

    assert (record.unit_cost, record.total_cost) == (None, Decimal("5.00"))


@given(st.lists(st.decimals("-99999", "99999", places=13), min_size=1, max_size=20))
def test_net_costs_sum_to_the_sub_totals(sub_totals: list[Decimal]) -> None:
    """Law 12: conservation to the last place, whatever the doubles are."""
    records = read(*(charge(subTotal=amount) for amount in sub_totals), cost_basis="net").records

    assert [record.total_cost for record in records] == sub_totals


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (
            "12.000000000000002",
            "12.000000000000002 has 17 digits, of which a double keeps 15: it may mean 12; set quantity_places",
        ),
        (
            "744.0166666666667",
            "744.0166666666667 has 16 digits, of which a double keeps 15: it may mean 744.016666666667; "
            "set quantity_places",
        ),
        ("1E+30", "Decimal('1E+30') has an exponent beyond 10^±18"),
    ],
)
def test_a_quantity_that_came_through_a_double_is_named_and_its_customer_held(told: str, error: str) -> None:
    """Law 12: noise never becomes a quantity of fifteen places silently."""
    assert fault(quantity=Decimal(told)) == ("quantity", error, "Aspen Ltd")


@pytest.mark.parametrize(
    ("told", "places", "quantity"),
    [
        ("12.000000000000002", 0, "12"),
        ("0.30000000000000004", 1, "0.3"),
        ("744.0166666666667", 12, "744.016666666667"),
        ("1234567.123456", None, "1234567.123456"),
        ("0.000123456789012345", None, "0.000123456789012345"),
        ("-12.000000000000002", 2, "-12"),
    ],
)
def test_a_quantity_is_taken_with_the_digits_that_a_double_keeps_where_a_person_says_so(
    told: str, places: int | None, quantity: str
) -> None:
    """Fifteen digits are exact; what exceeds them is dropped only with the places that are allowed, and told."""
    counted = read(charge(quantity=Decimal(told)), quantity_places=places)

    assert [str(record.quantity) for record in counted.records] == [quantity]
    said = "1 quantities of more than 15 digits were read as the number that 15 digits give (charges[0])"
    assert (said in counted.notes()) is (places is not None)


def test_more_places_than_allowed_still_hold() -> None:
    """quantity_places is no rounding: it says which numbers may be meant."""
    (row,) = read(charge(quantity=Decimal("744.0166666666667")), quantity_places=4).malformed

    assert row.error.endswith("it may mean 744.016666666667; quantity_places allows 4 decimal places")


@pytest.mark.parametrize(
    ("fields", "named", "error"),
    [
        ({"quantity": None}, "quantity", "is empty"),
        ({"subTotal": "ten"}, "subTotal", "'ten' is not a number"),
        ({"netPrice": None}, "netPrice", "is empty"),
        ({"billingCycleType": "Weekly"}, "billingCycleType", "'Weekly' is none of OneTime, Monthly, Yearly"),
        (
            {"periodFrom": "2026-11-01", "periodTo": "2026-11-30"},
            "periodFrom",
            "the charge covers 2026-11-01 to 2026-11-30, which is no day of 2026-10-01 to 2026-10-31",
        ),
        (
            {"periodFrom": "2026-09-01", "periodTo": "2026-09-30"},
            "periodFrom",
            "the charge covers 2026-09-01 to 2026-09-30, which is no day of 2026-10-01 to 2026-10-31",
        ),
        ({"periodTo": "2026-09-30"}, "periodTo", "2026-09-30 lies before periodFrom, 2026-10-01"),
        ({"periodFrom": "10/01/2026"}, "periodFrom", "'10/01/2026' is not a date YYYY-MM-DD"),
        ({"isBilled": "yes"}, "isBilled", "'yes' is neither true nor false"),
        ({"deductions": "none"}, "deductions", "'none' is not a list"),
        ({"deductions": [deduction("Loyalty", "1", "10")]}, "deductionType", "'Loyalty' is none of"),
        ({"deductions": [{"deductionType": TIER}]}, "deductions[0].unitValue", "is empty"),
    ],
)
def test_a_charge_that_cannot_be_read_names_its_field_and_customer(
    fields: Mapping[str, Any], named: str, error: str
) -> None:
    """Nothing is guessed: one value that is not what it should be holds this customer alone."""
    field, said, customer = fault(**fields)

    assert (field, said[: len(error)], customer) == (named, error, "Aspen Ltd")


def test_an_unknown_deduction_matters_only_where_the_tier_does() -> None:
    """Net costs do not depend on what a deduction is called."""
    assert one(charge(deductions=[deduction("Loyalty", "1.00", "10.00")]), cost_basis="net").total_cost == Decimal(190)


@pytest.mark.parametrize("tags", [None, [], [{"name": "Region", "value": "East"}]])
def test_a_charge_without_customer_is_named_with_product_and_amount(tags: Any) -> None:
    """It could be anybody's: nobody's code stands there, so the whole reading counts as short."""
    field, error, customer = fault(tags=tags)

    assert (field, customer) == ("tag CustomerDisplayName", "")
    assert error.endswith("; the charge is Microsoft 365 Business Premium, 190.00 CAD")


def test_a_tag_of_nearly_the_right_name_is_offered_and_not_taken() -> None:
    """Ambiguity is told, never guessed."""
    _, error, _ = fault(tags=[{"name": "customerDisplayName", "value": "Aspen Ltd"}])

    assert error.startswith("is missing (the charge's tags: customerDisplayName); did you mean 'customerDisplayName'?")


def test_two_values_of_the_customer_tag_are_no_customer() -> None:
    """Never the first match."""
    names = ("Aspen Ltd", "Birch & Co")

    field, error, customer = fault(tags=[{"name": DISPLAY_NAME, "value": name} for name in names])

    assert (field, customer) == ("tag CustomerDisplayName", "")
    assert error.startswith("has several values: Aspen Ltd, Birch & Co")


def tagged(name: str, **ids: str) -> dict[str, Any]:
    tags = {DISPLAY_NAME: name, **ids}
    return charge(tags=[{"name": tag, "value": value} for tag, value in tags.items()])


def test_two_ids_with_one_name_are_two_customers() -> None:
    """With an id the name is only a name."""
    counted = read(tagged("Aspen", CustomerId="a-1"), tagged("Aspen", CustomerId="a-2"), customer_id_tag="CustomerId")

    assert [(record.customer_code, record.customer_name) for record in counted.records] == [
        ("a-1", "Aspen"),
        ("a-2", "Aspen"),
    ]
    assert (counted.failed, counted.notes()) == ({}, [])


def test_a_name_that_seems_to_be_two_customers_is_held() -> None:
    """Law 4: by name alone they cannot be told apart, so neither is billed."""
    counted = read(
        tagged("Aspen", CustomerId="a-1"), tagged("Aspen", CustomerId="a-2"), tagged("Birch", CustomerId="b")
    )

    assert counted.failed == {
        "Aspen": "several customers seem to have this name: CustomerId says a-1 and a-2; take the customer code from "
        "it (customer_id_tag, or customer_id in a file's field_map)"
    }
    assert len(counted.records) == 3


def test_a_renamed_customer_stays_one_and_is_told() -> None:
    """What is billed stays with the id."""
    counted = read(tagged("Aspen", CustomerId="a-1"), tagged("Aspen 2", CustomerId="a-1"), customer_id_tag="CustomerId")

    assert {record.customer_code for record in counted.records} == {"a-1"}
    assert counted.notes() == ["customer a-1 comes under several names: 'Aspen', 'Aspen 2'"]


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({"subTotal": Decimal("190.01")}, "subTotal is not quantity x netPriceProrated"),
        (
            {"deductions": [deduction(TIER, "1.00", "11.00")]},
            "totalValue of a deduction or fee is not unitValue x quantity",
        ),
        (
            {"deductions": [deduction(TIER, "2.00", "20.00")]},
            "deductions and fees do not lead from listPrice to netPrice",
        ),
    ],
)
def test_what_does_not_add_up_is_told_and_never_corrected(fields: Mapping[str, Any], note: str) -> None:
    """The vendor's figures are taken as they are; a person should know."""
    counted = read(charge(**fields), cost_basis="net")

    expected = fields.get("subTotal", Decimal("190.00"))
    assert [record.total_cost for record in counted.records] == [expected]
    assert counted.notes() == [f"1 charges do not add up, and were taken as they are: {note} (charges[0])"]


def test_roundings_to_cents_are_no_contradiction() -> None:
    """Otherwise every prorated charge would be a remark."""
    rounded = charge(netPriceProrated=Decimal("12.2581"), subTotal=Decimal("122.58"), periodFrom="2026-10-12")

    assert read(rounded | {"deductions": [deduction(TIER, "0.6452", "6.45")]}).notes() == []


def test_equal_charges_all_count_and_are_told() -> None:
    """Nothing says that a charge's id comes only once, and what is owed is their sum."""
    counted = read(charge(), charge(), charge(chargeId="c-2"))

    assert len({record.record_id for record in counted.records}) == 3
    assert counted.notes() == ["1 charges say in every field what another one says; each counts (charges[1])"]


def test_usage_that_is_not_billed_yet_is_counted_as_open() -> None:
    """A recurring charge is known before it is billed; usage is not."""
    usage = charge(chargeType="Usage", isBilled=False)

    counted = read(usage, charge(chargeType="Usage"), charge(isBilled=False))

    assert counted.open_why() == (
        "1 of 2 usage charges are not billed yet, so their figures are not final (charges[0]); with final_only=False "
        "they are taken as they are"
    )


def test_a_row_that_is_no_object_is_malformed() -> None:
    """A list of something else is not a list without charges."""
    (row,) = read("charge").malformed

    assert (row.field, row.error) == ("row", "'charge' is not an object")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cost_basis": "nett"}, "cost_basis: unknown; did you mean net?"),
        ({"customer_tag": " "}, "customer_tag: is empty"),
        ({"customer_id_tag": DISPLAY_NAME}, "customer_id_tag: is the customer_tag too"),
        ({"quantity_places": 16}, "quantity_places: no number of decimal places; got 16; allowed: 0 to 15"),
        ({"quantity_places": "2"}, "quantity_places: no number of decimal places; got '2'"),
    ],
)
def test_an_option_that_means_nothing_is_refused(options: Mapping[str, Any], said: str) -> None:
    """A typo never falls back to a default."""
    with pytest.raises(SettingsError, match="Sherweb, source_options") as caught:
        read(**options)

    assert said in str(caught.value)
