"""How sums become quantities of contract lines."""

from __future__ import annotations

import pytest

from billing_providers.engine.planner import plan
from tests.support.plan_scenario import TWO_ACCOUNTS, check, inputs_of

ONE_LINE = (
    TWO_ACCOUNTS
    + """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
"""
)


def used(*quantities: str, term: str = "") -> str:
    rows = "\n".join(f"ASP | A100 | MS365-BP | {quantity} | {term}" for quantity in quantities)
    return f"\n# usage\ncustomer | identifier | sku | quantity | term\n{rows}\n"


def test_rows_are_summed_over_skus_and_over_customers_that_share_an_account():
    """Two SKUs mapped to one service and two customers with one account code reach one line."""
    diff = check(
        ONE_LINE
        + """
    # usage
    customer | identifier | sku      | quantity
    ASP      | A100       | MS365-BP | 1
    AS2      | A100       | BP-OLD   | 1.5
    AS2      | A100       | MS365-BP | 1.5
    # skus
    sku,service
    BP-OLD,MS365-BP
    # changes
    line | before | after
    100  | 3      | 4
    # findings
    """
    )
    assert diff.changes[0].customer_codes == ("AS2", "ASP")
    assert diff.changes[0].skus == ("BP-OLD", "MS365-BP")
    assert [(line.customer_code, line.sku) for line in diff.matched] == [("AS2\nASP", "BP-OLD\nMS365-BP")]
    assert [line.charge_nos for line in diff.matched] == ["1,2,3"]


def test_a_sum_is_rounded_once_and_said():
    """0.5 + 0.5 + 0.5 is 1.5, billed as 2; rounding each row would give 3."""
    check(
        ONE_LINE
        + used("0.5", "0.5", "0.5")
        + """
    # changes
    line | before | after | reason
    100  | 3      | 2     | 1.5 of MS365-BP, half_up to 2, used by ASP
    # findings
    code  | says
    KS131 | ASP: 1.5 of MS365-BP is billed as 2 (half_up).
    """
    )


def test_fractions_are_refused_when_the_policy_says_so():
    """A fractional sum is an error for its line, and the line is left alone; a sum that is whole goes through."""
    check(
        ONE_LINE
        + used("0.5", "2")
        + """
    # policy
    fractions = refuse
    # changes
    # findings
    code  | says
    KS143 | 2.5 of MS365-BP is not a whole number
    """
    )
    check(
        ONE_LINE
        + used("0.5", "1.5")
        + "# policy\nfractions = refuse\n# changes\nline | before | after\n100 | 3 | 2\n# findings"
    )


def test_places_of_the_policy_hold_only_where_the_psa_takes_fractions():
    """2.345 is 2.35 at two places, and 2 where units are whole."""
    rounded = "# findings\ncode | says\nKS131 | 2.345"
    check(
        ONE_LINE
        + used("2.345")
        + "# policy\nplaces = 2\n# run\nwhole = no\n# changes\nline | before | after\n100 | 3 | 2.35\n"
        + rounded
    )
    check(ONE_LINE + used("2.345") + "# policy\nplaces = 2\n# changes\nline | before | after\n100 | 3 | 2\n" + rounded)


def test_a_sum_below_zero_is_not_written():
    """A line cannot hold less than zero; a credit that leaves the sum positive is ordinary."""
    check(
        ONE_LINE
        + used("1", "-2.5")
        + "# changes\n# findings\ncode | says\nKS106 | the quantities for MS365-BP sum to -1.5"
    )
    check(ONE_LINE + used("4", "-2") + "# changes\nline | before | after\n100 | 3 | 2\n# findings")


def test_a_reported_zero_is_an_ordinary_quantity():
    """It sets the line to zero as any other number, and needs no line where there is none."""
    check(ONE_LINE + used("0") + "# changes\nline | before | after\n100 | 3 | 0\n# findings")
    check(TWO_ACCOUNTS + used("0") + "# changes\n# findings")


def test_two_terms_on_one_line_are_held_until_they_have_services_of_their_own():
    """Monthly and yearly of one SKU are not one number; SKU|term in the service table separates them."""
    usage = """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
    101 | 11       | 6       | 3
    # usage
    customer | identifier | sku      | term    | quantity
    ASP      | A100       | MS365-BP | monthly | 2
    ASP      | A100       | MS365-BP | yearly  | 5
    """
    check(TWO_ACCOUNTS + usage + "# changes\n# findings\ncode | says\nKS105 | MS365-BP has the terms monthly, yearly")
    check(
        TWO_ACCOUNTS
        + usage
        + """
    # skus
    sku,term,service
    MS365-BP,yearly,BKP-WS
    # changes
    line | before | after
    101  | 3      | 5
    100  | 3      | 2
    # findings
    """
    )


def test_a_contract_without_the_line_is_reported_unless_lines_may_be_added():
    """A line is added only when policy and PSA allow it, with the catalogue's price, and is not managed yet."""
    usage = (
        TWO_ACCOUNTS
        + """
    # usage
    customer | identifier | name  | sku      | quantity
    ASP      | A100       | Aspen | MS365-BP | 2
    """
    )
    missing = (
        "# changes\n# findings\ncode | says\nKS06 | (MS365-BP) not linked to contract 11 in Kaseya for Customer Aspen"
    )
    check(usage + missing)
    check(usage + "# policy\nadd_lines = yes\n" + missing)
    diff = check(
        usage
        + """
    # policy
    add_lines = yes
    # run
    adds = yes
    # changes
    line | kind     | before | after | service
         | add_line |        | 2     | MS365-BP
    # findings
    """
    )
    assert (str(diff.changes[0].unit_price), diff.matched) == ("10", ())


SEVERAL = (
    TWO_ACCOUNTS
    + """
    # lines
    id  | contract | service | quantity | open
    9   | 11       | 5       | 3        | yes
    10  | 11       | 5       | 4        | yes
    8   | 11       | 5       | 1        | no
"""
    + used("6")
)


def test_two_open_lines_of_one_service_are_both_left_alone():
    """An ended line does not count; of two open ones none is chosen."""
    check(
        SEVERAL
        + """
    # changes
    # findings
    code  | says
    KS104 | has 2 open lines for MS365-BP (line 9 with 3, line 10 with 4). None was changed.
    """
    )


def test_collapsing_gives_the_lowest_id_the_total_and_the_others_zero():
    """9 is lower than 10. All of it waits together, or none of it: the sum before was 7, not 3."""
    diff = check(
        SEVERAL
        + """
    # policy
    several_lines = collapse
    # guards
    line_floor = 0
    line_factor = 2
    # changes
    line | before | after | reason
    9    | 3      | 6     | 6 of MS365-BP
    10   | 4      | 0     | The contract has several open lines for the service; line 9 takes the total.
    # findings
    """
    )
    assert [(line.line_id, str(line.quantity)) for line in diff.matched] == [("9", "6"), ("10", "0")]


def test_a_line_that_was_read_twice_counts_once():
    """A page that was answered twice is no second line."""
    check(
        TWO_ACCOUNTS
        + """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
    100 | 11       | 5       | 3
    """
        + used("4")
        + "# changes\nline | before | after\n100 | 3 | 4\n# findings"
    )


def test_a_quantity_that_the_psa_does_not_tell_is_never_taken_for_a_number():
    """Where quantities can be read, a missing one leaves the line alone; where none can, a person gets the list."""
    text = ONE_LINE.replace("100 | 11       | 5       | 3", "100 | 11       | 5       | ") + used("4")
    check(text + "# changes\n# findings\ncode | says\nKS162 | Kaseya did not tell the quantity of MS365-BP")
    diff = check(
        text
        + """
    # run
    reads = no
    writes = none
    # changes
    line | before | after
    100  |        | 4
    # findings
    """
    )
    assert (diff.complete, diff.applicable) == (True, False)


@pytest.mark.parametrize(
    ("rule", "day"),
    [("period_start", "2026-09-26"), ("period_last_day", "2026-10-25"), ("next_period_start", "2026-10-26")],
)
def test_the_effective_date_is_the_policys(rule: str, day: str):
    """No clock is asked: the date follows from the period alone."""
    diff = plan(inputs_of(ONE_LINE + used("4") + f"# policy\neffective_date = {rule}\n# changes\n# findings"))

    assert diff.changes[0].effective_date.isoformat() == day
