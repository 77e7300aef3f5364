"""Cost and price modes, minimum, included volume and invoice texts: what is planned, to the cent."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.engine.invoice_text import InvoiceText, TemplateError
from billing_providers.engine.line_terms import load_line_terms
from billing_providers.engine.planner import plan
from billing_providers.errors import SettingsError
from billing_providers.model.changes import LineField
from tests.support.plan_scenario import check, inputs_of

# One account with one contract, a storage service billed in fractions, and everything that ConnectWise can set.
STORAGE = """
    # policy
    places = 2
    # guards
    line_factor = off
    customer_share = off
    # run
    whole = no
    sets = unit_cost, unit_price, invoice_text, included, effective_date, last_day
    # accounts
    id | code | name
    1  | A100 | Aspen Ltd
    # contracts
    id | account | name
    11 | 1       | Managed
    # services
    id | name    | text
    5  | STORAGE | Backup storage, per GB
"""


def storage(terms: str, line: str, usage: str, rest: str = "# changes\n# findings\n") -> str:
    return (
        STORAGE
        + f"# terms\n{terms}\n"
        + f"# lines\nid | contract | service | quantity | cost | price | text | included\n{line}\n"
        + "# usage\ncustomer | identifier | name | sku | quantity | unit | cost | total_price | currency\n"
        + f"{usage}\n{rest}"
    )


def used(quantity: str = "107.5", cost: str = "10.75", price: str = "", customer: str = "ASP", currency: str = "EUR"):
    return f"{customer} | A100 | Aspen | STORAGE | {quantity} | GB | {cost} | {price} | {currency}"


def test_only_the_quantity_is_sent_when_the_terms_say_nothing():
    """Cost and price belong to the PSA unless a person says otherwise."""
    check(
        storage(
            "mode",
            "100 | 11 | 5 | 90 | 0.05 | 0.09 | | ",
            used(),
            "# changes\nline | before | after\n100 | 90 | 107.5\n# findings\n",
        )
    )


def test_average_cost_sends_the_quantity_and_the_cost_per_unit():
    """107.5 GB for 10.75 are 0.10 a GB; the price stays."""
    diff = check(
        storage(
            "service,mode\nSTORAGE,average_cost",
            "100 | 11 | 5 | 90 | 0.05 | 0.20 | | ",
            used(),
            "# changes\nline | before | after | fields\n100 | 90 | 107.5 | unit_cost 0.05 → 0.1\n# findings\n",
        )
    )

    (change,) = diff.changes
    assert (change.unit_cost, change.unit_price) == (Decimal("0.1"), Decimal("0.20"))
    # cost before 90 × 0.05 = 4.50, after 10.75; price before 90 × 0.20 = 18, after 21.50
    assert dict(diff.totals) == {
        "cost_delta": Decimal("6.25"),
        "price_delta": Decimal("3.5"),
        "quantity_delta": Decimal("17.5"),
    }


def test_average_cost_is_rounded_once_to_its_places():
    """10 for 3 GB: 3.3333, and 3.33 where two places are wanted."""
    for places, cost in (("4", "3.3333"), ("2", "3.33"), ("0", "3")):
        check(
            storage(
                f"service,mode,places\nSTORAGE,average_cost,{places}",
                "100 | 11 | 5 | 3 | 1 | 5 | | ",
                used("3", "10"),
                f"# changes\nline | kind | before | after | fields\n100 | set_fields | 3 | 3 | unit_cost 1 → {cost}\n"
                "# findings\n",
            )
        )


def test_total_cost_and_price_are_sent_as_quantity_one():
    """Total cost and price: quantity one, zero when nothing was used; mark-up on top of the cost."""
    check(
        storage(
            "service,mode,price,markup\nSTORAGE,total_as_one,cost_plus,20",
            "100 | 11 | 5 | 1 | 9 | 10.80 | | ",
            used("107.5", "10.75"),
            "# changes\nline | kind | before | after | fields\n"
            "100 | set_fields | 1 | 1 | unit_cost 9 → 10.75, unit_price 10.8 → 12.9\n# findings\n",
        )
    )
    check(
        storage(
            "service,mode\nSTORAGE,total_as_one",
            "100 | 11 | 5 | 1 | 9 | 9 | | ",
            used("0", "0"),
            "# changes\nline | before | after\n100 | 1 | 0\n# findings\n",
        )
    )


def test_the_sources_own_price_is_sent_when_the_terms_say_so():
    """Price in total for quantity one, and per unit beside an average cost."""
    check(
        storage(
            "service,mode,price\nSTORAGE,total_as_one,source",
            "100 | 11 | 5 | 1 | 5 | 5 | | ",
            used("4", "8", "12.34"),
            "# changes\nline | kind | before | after | fields\n"
            "100 | set_fields | 1 | 1 | unit_cost 5 → 8, unit_price 5 → 12.34\n# findings\n",
        )
    )
    check(
        storage(
            "service,mode,price\nSTORAGE,average_cost,source",
            "100 | 11 | 5 | 4 | 2 | 5 | | ",
            used("4", "8", "12.34"),
            "# changes\nline | kind | before | after | fields\n100 | set_fields | 4 | 4 | unit_price 5 → 3.085\n"
            "# findings\n",
        )
    )


def test_a_line_that_agrees_in_quantity_cost_price_and_text_is_no_change():
    """Running again after success plans nothing."""
    check(
        storage(
            "service,mode,invoice_text\nSTORAGE,average_cost,{usage} {unit}",
            "100 | 11 | 5 | 107.50 | 0.1000 | 0.2 | 107.5 GB | ",
            used(),
            "# changes\n# findings\n",
        )
    )


@pytest.mark.parametrize(
    ("usage", "why"),
    [
        (used("3", ""), "charge line 1 (STORAGE) tells no total cost"),
        (used("3", "-2"), "the total cost -2 is below zero"),
        (used("3", "2") + "\n" + used("3", "2", currency="USD"), "several currencies (EUR, USD)"),
    ],
)
def test_a_line_whose_cost_is_not_known_is_left_alone(usage, why):
    """A cost is never guessed: neither zero, nor the one of last month."""
    check(
        storage(
            "service,mode\nSTORAGE,average_cost",
            "100 | 11 | 5 | 90 | 1 | 2 | | ",
            usage,
            f"# changes\n# findings\ncode | says\nKS168 | {why}\n",
        )
    )


@pytest.mark.parametrize(
    ("charges", "why"),
    [
        ("2 | 10 | EUR\n3 | 9.5 | EUR", "its charges tell several amounts as unit cost (9.5, 10)"),
        ("2 | 10 | EUR\n3 | | EUR", "charge line 2 (STORAGE) tells no unit cost, or several"),
        ("2 | 10 | EUR\n3 | 10 | USD", "several currencies (EUR, USD)"),
        ("2 | -1 | EUR", "the unit cost -1 is below zero"),
    ],
)
def test_a_unit_cost_that_the_charges_do_not_agree_on_is_not_known(charges, why):
    """What a seat costs is told by all its charges alike, or by nobody."""
    rows = "\n".join(f"ASP | A100 | Aspen | STORAGE | {row}" for row in charges.splitlines())
    check(
        STORAGE
        + "# terms\nservice,mode\nSTORAGE,unit_cost\n"
        + "# lines\nid | contract | service | quantity | cost\n100 | 11 | 5 | 1 | 4\n"
        + f"# usage\ncustomer | identifier | name | sku | quantity | unit_cost | currency\n{rows}\n"
        + f"# changes\n# findings\ncode | says\nKS168 | {why}\n"
    )


def test_a_unit_cost_of_the_source_stands_in_for_a_total():
    """3 GB at 0.5 and 2 GB at 1 cost 3.5: 0.7 a GB."""
    check(
        STORAGE
        + """
    # terms
    service,mode
    STORAGE,average_cost
    # lines
    id  | contract | service | quantity | cost
    100 | 11       | 5       | 5        | 1
    # usage
    customer | identifier | sku     | quantity | unit_cost | item
    ASP      | A100       | STORAGE | 3        | 0.5       | a
    ASP      | A100       | STORAGE | 2        | 1         | b
    # changes
    line | kind       | before | after | fields
    100  | set_fields | 5      | 5     | unit_cost 1 → 0.7
    # findings
    """
    )


def test_split_usage_has_no_cost_of_its_own():
    """A total that belongs to several lines is not divided by guess."""
    check(
        STORAGE
        + """
    7  | OTHER | other
    # terms
    service,mode
    STORAGE,average_cost
    # skus
    sku,service,share
    STORAGE,STORAGE,1/2
    STORAGE,OTHER,1/2
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 2
    101 | 11       | 7       | 2
    # usage
    customer | identifier | sku     | quantity | cost
    ASP      | A100       | STORAGE | 4        | 8
    # changes
    # findings
    code  | says
    KS168 | split over several lines
    """
    )


def test_minimum_and_included_volume():
    """Only the overage is billed, and never less than the minimum, also for a reported zero."""
    for quantity, billed in (("107.5", "57.5"), ("52", "5"), ("20", "5"), ("0", "5")):
        check(
            storage(
                "service,mode,minimum,included\nSTORAGE,quantity_only,5,50",
                "100 | 11 | 5 | 90 | 4 | 10 | | ",
                used(quantity, ""),
                f"# changes\nline | before | after\n100 | 90 | {billed}\n# findings\n",
            )
        )


def test_a_minimum_is_exact_however_fine_the_usage_is():
    """Law 12: binary gigabytes have 18 places, with which 50 is more than 64 bits hold."""
    check(
        storage(
            "service,mode,minimum\nSTORAGE,quantity_only,50",
            "100 | 11 | 5 | 0 | 4 | 10 | | ",
            used("0.000000000931322575", ""),
            "# changes\nline | before | after\n100 | 0 | 50\n# findings\n",
        )
    )


def test_an_included_volume_can_be_sent_beside_the_whole_quantity():
    """The PSA takes it off, and the invoice shows both."""
    check(
        storage(
            "service,mode,included,included_as\nSTORAGE,quantity_only,50,send",
            "100 | 11 | 5 | 107.5 | 4 | 10 | | 25",
            used(),
            "# changes\nline | kind | before | after | fields\n100 | set_fields | 107.5 | 107.5 | included 25 → 50\n"
            "# findings\n",
        )
    )


def test_the_invoice_text_is_a_filled_template_or_the_products_own():
    """Both description modes, with a preview in the diff."""
    template = (
        '"Backup {month}/{year} for {customer}: {quantity} {unit}, of which {included} included, {billed} billed"'
    )
    check(
        storage(
            f"service,mode,included,included_as,invoice_text\nSTORAGE,quantity_only,50,send,{template}",
            "100 | 11 | 5 | 107.5 | 4 | 10 | old text | 50",
            used(),
            "# changes\nline | kind | before | after | fields\n"
            "100 | set_fields | 107.5 | 107.5 | invoice_text old text → Backup 10/2026 for Aspen: 107.5 GB, of which "
            "50 included, 57.5 billed\n# findings\n",
        )
    )
    check(
        storage(
            "service,mode,invoice_text\nSTORAGE,quantity_only,product",
            "100 | 11 | 5 | 107.5 | 4 | 10 | old text | ",
            used(),
            "# changes\nline | kind | before | after | fields\n"
            "100 | set_fields | 107.5 | 107.5 | invoice_text old text → Backup storage, per GB\n# findings\n",
        )
    )


def test_the_most_specific_row_of_terms_decides():
    """Customer and service before service, service before customer, customer before everything."""
    table = load_line_terms(
        "service,service_id,customer_code,mode,minimum\n,,,quantity_only,1\n,,ASP,quantity_only,2\n"
        "STORAGE,,,quantity_only,3\nSTORAGE,,ASP,quantity_only,4\n,9,,quantity_only,5\n",
        "terms.csv",
    )
    services = {service.service_id: service for service in inputs_of(storage("mode", "", used())).directory.services}
    storage_service = services["5"]
    other = type(storage_service)("9", "OTHER", "", active=True)
    third = type(storage_service)("8", "THIRD", "", active=True)

    def minimum(service, customer):
        return table.of(service, customer).minimum

    assert [minimum(storage_service, "ASP"), minimum(storage_service, "BIR")] == [4, 3]
    assert [minimum(other, "BIR"), minimum(third, "ASP"), minimum(third, "BIR")] == [5, 2, 1]


def test_customers_with_different_terms_on_one_line_leave_it_alone():
    """Two ways to bill one line are ambiguous; neither is chosen."""
    check(
        storage(
            "service,customer_code,mode,minimum\nSTORAGE,BIR,quantity_only,5",
            "100 | 11 | 5 | 90 | 4 | 10 | | ",
            used() + "\n" + used(customer="BIR"),
            "# changes\n# findings\ncode | says\nKS169 | ASP: none, BIR: terms.csv, line 2\n",
        )
    )


def test_a_field_that_the_psa_cannot_set_stops_the_run_before_anything_is_planned():
    """A setting that no line can follow is a fault of the settings, not of each line."""
    text = storage("service,mode\nSTORAGE,average_cost", "100 | 11 | 5 | 90 | 4 | 10 | | ", used())
    with pytest.raises(SettingsError, match=r"terms\.csv, line 2: unit_cost: cannot be set in Kaseya"):
        plan(inputs_of(text.replace("sets = unit_cost, ", "sets = ")))


def test_a_price_that_jumps_is_held_although_the_quantity_stays_one():
    """Quantity one may cost anything: the line guard looks at the amount."""
    text = storage(
        "service,mode\nSTORAGE,total_as_one",
        "100 | 11 | 5 | 1 | 100 | 100 | | ",
        used("5", "900"),
        "# changes\nline | kind | before | after | held | fields\n"
        "100 | set_fields | 1 | 1 | KS114 | unit_cost 100 → 900, unit_price 100 → 900\n"
        "# findings\ncode | says\nKS114 | 100 to 900\n",
    )
    check(text.replace("line_factor = off", "line_factor = 5"))


def test_a_price_that_goes_to_zero_counts_as_zero():
    """A set price stands for itself: 100 units at 0.50 become nothing, and not 100 times one."""
    text = storage(
        "service,mode,price\nSTORAGE,quantity_only,source",
        "100 | 11 | 5 | 100 | 0.05 | 0.5 | | ",
        used("100", price="0"),
        "# changes\nline | kind | before | after | held | fields\n"
        "100 | set_fields | 100 | 100 | KS114, KS115 | unit_price 0.5 → 0\n"
        "# findings\ncode | says\nKS114 | would go from 50 to 0\nKS115 | would go from 50 to 0 (-100 %)\n",
    )
    guards = "line_factor = 5\n    customer_share = 0.5\n    customer_floor = 49"
    check(text.replace("line_factor = off\n    customer_share = off", guards))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (
            "service,mode\nS,average",
            "terms.csv, line 2: mode: unknown value; got 'average'; allowed: quantity_only, unit_cost, av",
        ),
        ("service,mode,markup\nS,average_cost,10", "markup: is given without price cost_plus"),
        ("service,mode,price\nS,quantity_only,cost_plus", "price: needs a cost"),
        ("service,mode,price\nS,quantity_only,list", "list_price: goes with price list, and with no other"),
        ("service,mode,list_price\nS,unit_cost,3", "list_price: goes with price list, and with no other"),
        ("service,mode,minimum\nS,total_as_one,3", "minimum, included: cannot be counted against quantity one"),
        ("service,mode,minimum\nS,quantity_only,-3", "minimum: is negative"),
        ("service,mode,minimum\nS,quantity_only,many", "minimum: 'many' is not a number"),
        (
            "service,mode,minimum\nS,quantity_only,1e18",
            "terms.csv, line 2: minimum: is too large; got '1e18'; allowed: 0 to 1000000000000000",
        ),
        ("service,mode,included\nS,quantity_only,1000000000000001", "included: is too large"),
        ("service,mode,places\nS,average_cost,9", "places: is no number of places; got '9'; allowed: 0 to 8"),
        ("service,mode,included_as\nS,quantity_only,send", "included_as: is given without included"),
        ("service,mode\nS,quantity_only\nS,average_cost", "line 3: service: repeats terms.csv, line 2"),
        ("service,service_id,mode\nS,5,quantity_only", "service, service_id: both are given"),
        (
            "service,mode,invoice_text\nS,quantity_only,{quantty}",
            "unknown variable {quantty}; did you mean 'quantity'?",
        ),
        ("service,mode,invoice_text\nS,quantity_only,a } b", "holds a brace that belongs to no variable"),
        ("service,modus\nS,quantity_only", "unknown column; did you mean 'mode'?"),
    ],
)
def test_a_wrong_table_says_where_what_and_what_is_allowed(table, says):
    """A fault in the table of terms names file, line, column, value and what is allowed."""
    with pytest.raises(SettingsError) as caught:
        load_line_terms(table, "terms.csv")

    assert says in str(caught.value)


def test_a_template_evaluates_nothing():
    """Names of customers go through as they are; attributes and formats are no variables."""
    values = dict.fromkeys(["customer", "quantity"], "") | {"customer": "{quantity} & <b>\n%s", "quantity": "5"}

    assert InvoiceText("For {customer}: {quantity}").filled(values) == "For {quantity} & <b> %s: 5"
    for template in ("{customer.code}", "{quantity:>9}", "{0}", "{}"):
        with pytest.raises(TemplateError):
            InvoiceText(template)


@given(
    quantities=st.lists(st.decimals("0.01", "99999", places=2), min_size=1, max_size=5),
    costs=st.lists(st.decimals("0", "9999", places=2), min_size=5, max_size=5),
)
def test_average_cost_times_quantity_is_the_total_within_rounding(quantities, costs):
    """What is billed differs from the source's total by at most half of the last place per unit."""
    usage = "\n".join(used(str(quantity), str(cost)) for quantity, cost in zip(quantities, costs, strict=False))
    diff = plan(inputs_of(storage("service,mode\nSTORAGE,average_cost", "100 | 11 | 5 | 0 | 0 | 0 | | ", usage)))

    (change,) = diff.changes
    total = sum((Fraction(cost) for cost, _ in zip(costs, quantities, strict=False)), Fraction(0))
    quantity = Fraction(change.quantity_after)
    assert quantity == sum(map(Fraction, quantities), Fraction(0))
    assert abs(Fraction(change.unit_cost) * quantity - total) <= quantity * Fraction(1, 20000)
    wanted = {field.field for field in change.fields}
    assert wanted <= {LineField.UNIT_COST}
