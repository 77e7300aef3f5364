"""Guards hold exactly what they name."""

from __future__ import annotations

import pytest

from tests.support.plan_scenario import TWO_ACCOUNTS, check

OFF = {"line_factor": "off", "customer_share": "off", "run_lines": "off", "run_amount": "off", "record_share": "off"}


def scenario(before: dict[str, str], after: dict[str, str], price: str = "10", run: str = "", **guards: str) -> str:
    """One scenario on account 1 (lines 100 and 101) and account 2 (line 200), with only the given guards on."""
    at = {"100": "11 | 5", "101": "11 | 6", "200": "22 | 5"}
    who = {"100": "ASP | A100 | MS365-BP", "101": "ASP | A100 | BKP-WS", "200": "BRK | B200 | MS365-BP"}
    lines = "\n".join(f"{line} | {at[line]} | {quantity} | {price}" for line, quantity in before.items())
    usage = "\n".join(f"{who[line]} | {quantity}" for line, quantity in after.items())
    limits = "\n".join(f"{key} = {value}" for key, value in {**OFF, **guards}.items())
    return (
        f"{TWO_ACCOUNTS}\n# lines\nid | contract | service | quantity | price\n{lines}\n"
        f"# usage\ncustomer | identifier | sku | quantity\n{usage}\n# guards\n{limits}\n# run\nrecords = 100\n{run}\n"
    )


@pytest.mark.parametrize(
    ("before", "after", "held"),
    [
        ("20", "100", ""),  # five times: allowed
        ("20", "101", "KS114"),
        ("100", "20", ""),
        ("100", "19", "KS114"),
        ("1", "11", ""),  # ten units never trip it
        ("1", "12", "KS114"),
        ("0", "11", "KS114"),  # from nothing
        ("11", "0", "KS114"),  # to nothing
        ("10", "0", ""),
    ],
)
def test_a_line_may_grow_or_shrink_by_the_factor(before: str, after: str, held: str):
    """Only the line that jumps is held; the other line of the account goes on."""
    limits = {"line_factor": "5", "line_floor": "10"}
    findings = f"code | says\n{held} | would go from {before} to {after}; the limit is a factor of 5." if held else ""
    check(
        scenario({"100": before, "200": "5"}, {"100": after, "200": "6"}, **limits)
        + f"# changes\nline | before | after | held\n100 | {before} | {after} | {held}\n200 | 5 | 6 |\n"
        + f"# findings\n{findings}"
    )


@pytest.mark.parametrize(("after", "held"), [("60", ""), ("61", "KS115")])
def test_a_customers_amount_may_change_by_the_share(after: str, held: str):
    """40 + 40 units of 10 each are 800; half of it is 400. All changes of the customer are held, and no others."""
    findings = "code | says\nKS115 | would go from 800 to 1210 (+51 %); the limit is 50 %" if held else ""
    check(
        scenario(
            {"100": "40", "101": "40", "200": "1"},
            {"100": after, "101": "60", "200": "2"},
            customer_share="0.5",
            customer_floor="100",
        )
        + f"# changes\nline | before | after | held\n101 | 40 | 60 | {held}\n100 | 40 | {after} | {held}\n"
        + f"200 | 1 | 2 |\n# findings\n{findings}"
    )


def test_units_stand_for_the_amount_where_there_is_no_price():
    """A price of zero must not switch the guard off."""
    for price in ("0", ""):
        check(
            scenario({"100": "10"}, {"100": "20"}, price, customer_share="0.5", customer_floor="9")
            + "# changes\nline | before | after | held\n100 | 10 | 20 | KS115\n"
            + "# findings\ncode | says\nKS115 | would go from 10 to 20 (+100 %)"
        )


def test_zeroings_count_in_the_customers_amount_and_what_is_unchanged_does_not_hide_them():
    """30 of 40 units vanish: 75 %."""
    check(
        scenario({"100": "10", "101": "30"}, {"100": "10"}, customer_share="0.5", customer_floor="0")
        + """
    # managed
    line | contract | account | service | customer | sku    | quantity
    101  | 11       | 1       | 6       | ASP      | BKP-WS | 30
    # changes
    line | kind | before | after | held
    101  | zero | 30     | 0     | KS115
    # findings
    code  | says
    KS115 | would go from 400 to 100 (-75 %)
    """
    )


def test_a_run_that_changes_too_many_lines_is_held_whole():
    """Two lines where one is allowed."""
    check(
        scenario({"100": "1", "200": "1"}, {"100": "2", "200": "2"}, run_lines="1")
        + "# changes\nline | before | after | held\n100 | 1 | 2 | KS116\n200 | 1 | 2 | KS116\n"
        + "# findings\ncode | says\nKS116 | The run would change 2 lines; the limit is 1."
    )


def test_what_goes_up_cannot_hide_behind_what_goes_down():
    """+500 and -500 net to nothing, and are two large errors."""
    check(
        scenario({"100": "1", "200": "60"}, {"100": "51", "200": "10"}, run_amount="499")
        + "# changes\nline | before | after | held\n100 | 1 | 51 | KS117\n200 | 60 | 10 | KS117\n"
        + "# findings\ncode | says\nKS117 | change the billed amount by +500; the limit is 499."
    )


@pytest.mark.parametrize(
    ("records", "recent", "held"),
    [
        ("130", "100, 100, 100", ""),
        ("131", "100, 100, 100", "KS118"),
        ("69", "100, 100, 100", "KS118"),
        ("100", "10, 100, 100000", ""),  # the median, not the mean
        ("131", "100", ""),  # one period is no comparison
        ("130", "100, 100, 100, 1, 1, 1", ""),  # only the recent ones count
    ],
)
def test_a_record_count_far_from_recent_periods_holds_the_run(records: str, recent: str, held: str):
    """Compared with the median of the last closed periods."""
    text = scenario({"100": "1"}, {"100": "2"}, run=f"recent = {recent}", record_share="0.3")
    findings = f"code | says\nKS118 | Atria reported {records} records" if held else ""
    check(
        text.replace("records = 100", f"records = {records}")
        + f"# changes\nline | before | after | held\n100 | 1 | 2 | {held}\n# findings\n{findings}"
    )


def test_lines_that_are_collapsed_wait_together():
    """Writing the total to one line while the other keeps its number would bill twice."""
    check(
        f"""{TWO_ACCOUNTS}
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 40
    101 | 11       | 5       | 60
    # usage
    customer | identifier | sku      | quantity
    ASP      | A100       | MS365-BP | 19
    # policy
    several_lines = collapse
    # changes
    line | before | after | held
    100  | 40     | 19    | KS114, KS115
    101  | 60     | 0     | KS114, KS115
    # findings
    code  | says
    KS114 | would go from 100 to 19
    KS115 | would go from 1000 to 190 (-81 %)
    """
    )


def test_a_change_whose_quantity_before_is_unknown_trips_no_jump():
    """A person keys it in anyway; the number of lines still counts."""
    check(
        scenario({"100": ""}, {"100": "99"}, run="reads = no\nwrites = none", line_factor="2", run_lines="0")
        + "# changes\nline | before | after | held\n100 |  | 99 | KS116\n# findings\ncode | says\nKS116 | 1 lines"
    )


def test_zeroings_of_managed_lines_trip_no_jump():
    """They have a limit of their own."""
    check(
        scenario({"101": "30"}, {}, line_factor="2", line_floor="1")
        + """
    # managed
    line | contract | account | service | customer | sku    | quantity
    101  | 11       | 1       | 6       | ASP      | BKP-WS | 30
    # changes
    line | kind | before | after
    101  | zero | 30     | 0
    # findings
    """
    )
