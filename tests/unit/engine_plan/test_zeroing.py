"""Which managed lines go to zero, and which never do."""

from __future__ import annotations

import pytest

from tests.support.plan_scenario import TWO_ACCOUNTS, check

GONE = (
    TWO_ACCOUNTS
    + """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
    101 | 11       | 6       | 4
    200 | 22       | 5       | 7
    # managed
    line | contract | account | service | customer | sku      | quantity
    100  | 11       | 1       | 5       | ASP      | MS365-BP | 3
    101  | 11       | 1       | 6       | ASP      | BKP-WS   | 4
"""
)
STILL_THERE = """
    # usage
    customer | identifier | name  | sku      | quantity
    ASP      | A100       | Aspen | MS365-BP | 3
"""


def test_a_managed_line_without_usage_goes_to_zero_and_says_why():
    """Only registered lines: line 200 holds 7 without any usage and is not touched."""
    diff = check(
        GONE
        + STILL_THERE
        + """
    # changes
    line | kind | before | after
    101  | zero | 4      | 0
    # findings
    """
    )
    assert diff.changes[0].reason == (
        "No usage of BKP-WS by ASP in the period; the line is managed and was last set to 4 for the period from "
        "2026-08-26."
    )
    texts = [finding.message for finding in diff.findings if finding.number in {18, 19}]
    assert texts == [
        "Start Processing Deprovisioned Customers (2 managed lines in scope)",
        "Processing Deprovisioned Customers Completed (1 to zero, 0 withheld)",
    ]


def test_a_customer_that_the_source_does_not_know_any_more_goes_to_zero():
    """A deprovisioned customer is the plainest case of all."""
    check(
        GONE
        + """
    # usage
    customer | identifier | sku      | quantity
    BRK      | B200       | MS365-BP | 7
    # changes
    line | kind | before | after
    101  | zero | 4      | 0
    100  | zero | 3      | 0
    # findings
    """
    )


@pytest.mark.parametrize(
    ("run", "finding"),
    [
        ("records = 0", "KS15 | No records found in Atria for billing period 2026-09-26 to 2026-10-25"),
        ("complete = page 3 is missing", "KS108 | is not complete: page 3 is missing."),
    ],
)
def test_an_empty_or_incomplete_snapshot_changes_nothing_at_all(run: str, finding: str):
    """A failed, partial or empty read is never zero."""
    diff = check(GONE + STILL_THERE + f"# run\n{run}\n# changes\n# findings\ncode | says\n{finding}")

    assert (diff.complete, diff.applicable, diff.matched) == (False, False, ())


def test_zeroing_can_be_switched_off():
    """Then managed lines without usage keep what they hold."""
    check(GONE + STILL_THERE + "# policy\nzeroing = no\n# changes\n# findings")


def test_more_zeroings_than_the_limit_are_none_and_the_rest_goes_on():
    """At the limit all of them are made, above it none."""
    usage = """
    # usage
    customer | identifier | sku      | quantity
    BRK      | B200       | MS365-BP | 8
    """
    check(
        GONE
        + usage
        + """
    # policy
    zeroing_limit = 1
    # changes
    line | before | after
    200  | 7      | 8
    # findings
    code  | says
    KS119 | 2 lines would be set to zero; the limit is 1. None is; all other changes go on.
    """
    )
    check(
        GONE
        + usage
        + """
    # policy
    zeroing_limit = 2
    # changes
    line | kind         | before | after
    101  | zero         | 4      | 0
    100  | zero         | 3      | 0
    200  | set_quantity | 7      | 8
    # findings
    """
    )


def test_a_line_whose_sku_is_still_used_elsewhere_is_not_a_removal():
    """Remapping a SKU leaves the old line to a person: the usage did not go away."""
    check(
        GONE
        + """
    # usage
    customer | identifier | name  | sku    | quantity
    ASP      | A100       | Aspen | BKP-WS | 3
    # skus
    sku,service
    BKP-WS,MS365-BP
    # changes
    # findings
    code  | says
    KS132 | Aspen: 1 managed lines without usage are not set to zero: BKP-WS is still used, and reaches another line
    """
    )


def test_a_customer_with_a_row_that_found_no_service_gets_no_zeroing():
    """The row may be the missing usage under another name."""
    check(
        GONE
        + STILL_THERE
        + """ASP | A100 | Aspen | BACKUP | 4
    # changes
    # findings
    code  | says
    KS14  | 'BACKUP'
    KS132 | Aspen: 1 managed lines without usage are not set to zero: a row of the customer found no service
    """
    )


def test_a_row_that_no_row_of_a_split_table_takes_withholds_zeroing_too():
    """It found no service either."""
    check(
        GONE
        + """
    # usage
    customer | identifier | name  | sku    | quantity
    ASP      | A100       | Aspen | BUNDLE | 1
    # skus
    sku,service,field,value
    BUNDLE,BKP-WS,site,York
    # changes
    # findings
    code  | says
    KS132 | Aspen: 2 managed lines without usage are not set to zero: a row of the customer found no service
    KS163 | services.csv, line 2: SKU BUNDLE is split by site, and no row has the value ''
    """
    )


@pytest.mark.parametrize("cycle", ["yearly", "Annual", "one_time"])
def test_an_item_that_is_not_billed_every_period_is_not_zeroed(cycle: str):
    """A yearly item without a charge this month is no removal."""
    text = GONE.replace("| quantity\n    100  | 11 ", "| quantity | cycle\n    100  | 11 ")
    text = text.replace("| MS365-BP | 3\n", "| MS365-BP | 3 | monthly\n").replace("4\n", f"4 | {cycle}\n")
    check(text.replace("6       | 4 | " + cycle, "6       | 4") + STILL_THERE + "# changes\n# findings")


def test_ignored_skus_and_customers_are_left_alone():
    """What a table ignores is nobody's removal."""
    check(GONE + STILL_THERE + "# skus\nsku,ignore\nBKP-WS,billed by hand\n# changes\n# findings")
    check(
        GONE
        + STILL_THERE
        + "# customers\ncustomer_code,ignore\nASP,ours\n# changes\n# findings\ncode | says\nKS125 | Customer Aspen"
    )


def test_a_managed_line_that_ended_moved_or_sits_on_a_dead_contract_is_gone():
    """It is reported and never zeroed."""
    check(
        """
    # accounts
    id | code
    1  | A100
    # contracts
    id | account | active | end
    11 | 1       | yes    |
    12 | 1       | no     |
    13 | 1       | yes    | 2026-09-25
    # services
    id | name
    5  | MS365-BP
    6  | BKP-WS
    # lines
    id  | contract | service | quantity | open
    100 | 11       | 5       | 3        | no
    101 | 11       | 6       | 3        | yes
    102 | 12       | 5       | 3        | yes
    103 | 13       | 5       | 3        | yes
    # managed
    line | contract | account | service | customer | sku | quantity
    100  | 11       | 1       | 5       | ASP      | X   | 3
    101  | 11       | 1       | 5       | ASP      | X   | 3
    102  | 12       | 1       | 5       | ASP      | X   | 3
    103  | 13       | 1       | 5       | ASP      | X   | 3
    104  | 11       | 1       | 5       | ASP      | X   | 3
    # changes
    # findings
    code  | says
    KS133 | managed line 100 of MS365-BP is no longer open on contract 11.
    KS133 | managed line 101
    KS133 | managed line 104
    KS133 | managed line 102
    KS133 | managed line 103
    """
    )


def test_a_line_of_two_customers_goes_to_zero_only_when_both_are_gone():
    """The register remembers every customer whose usage a line sums."""
    text = GONE.replace("ASP      | BKP-WS ", "ASP\\nBRK | BKP-WS ")
    check(
        text
        + """
    # run
    filter = ASP
    # changes
    # findings
    code  | says
    KS113 | The customers filter names 'ASP', which Atria did not report.
    KS132 | 1 managed lines without usage are not set to zero: the account is shared with BRK
    """
    )
    check(
        text
        + """
    # run
    filter = ASP, BRK
    reported = ASP, BRK
    # changes
    line | kind | before | after
    101  | zero | 4      | 0
    100  | zero | 3      | 0
    # findings
    """
    )


def test_a_line_that_somebody_edited_is_changed_and_said():
    """The register holds 3 and the PSA shows 9: the diff says so when it changes the line."""
    check(
        GONE.replace("5       | 3\n    101", "5       | 9\n    101")
        + """
    # usage
    customer | identifier | name  | sku      | quantity
    ASP      | A100       | Aspen | MS365-BP | 5
    ASP      | A100       | Aspen | BKP-WS   | 4
    # changes
    line | before | after
    100  | 9      | 5
    # findings
    code  | says
    KS135 | Aspen: MS365-BP was set to 3 by the last run and is 9 now; the diff sets it to 5.
    """
    )


def test_where_quantities_cannot_be_read_only_registered_lines_are_listed_for_zeroing():
    """The list for a person holds no line that the product did not set."""
    text = "\n".join(
        line.rsplit("|", 1)[0] + "| "
        if line.strip().startswith(("100 | 11       | 5       | 3", "101 | 11 ", "200"))
        else line
        for line in GONE.splitlines()
    )
    check(
        text
        + STILL_THERE
        + """
    # run
    reads = no
    writes = none
    # changes
    line | kind         | before | after
    101  | zero         |        | 0
    100  | set_quantity |        | 3
    # findings
    """
    )
