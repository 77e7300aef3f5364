"""The customers filter, failed customers, shared accounts, and failures that nobody foresaw."""

from __future__ import annotations

from typing import Any

import pytest

from billing_providers.engine.change_words import ChangeWords
from tests.support.plan_scenario import TWO_ACCOUNTS, check

LINES = (
    TWO_ACCOUNTS
    + """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
    101 | 11       | 6       | 3
    200 | 22       | 5       | 7
"""
)
EACH_ONE = """
    # usage
    customer | identifier | name  | sku      | quantity
    ASP      | A100       | Aspen | MS365-BP | 1
    BRK      | B200       | Birch | MS365-BP | 1
"""
SHARED = """
    # usage
    customer | identifier | name     | sku      | quantity
    ASP      | A100       | Aspen    | MS365-BP | 1
    AS2      | A100       | Aspen II | BKP-WS   | 1
    BRK      | B200       | Birch    | MS365-BP | 1
"""


def test_the_filter_bounds_changes_zeroing_and_findings():
    """Nothing is planned, zeroed or said about a customer that the filter leaves out."""
    check(
        LINES
        + EACH_ONE
        + """CED |  | Cedar | NOPE | 1
    # managed
    line | contract | account | service | customer | sku | quantity
    101  | 11       | 1       | 6       | ASP      | X   | 3
    200  | 22       | 2       | 5       | BRK      | X   | 7
    # run
    filter = ASP
    # changes
    line | kind         | before | after
    101  | zero         | 3      | 0
    100  | set_quantity | 3      | 1
    # findings
    """
    )


def test_an_unknown_code_in_the_filter_is_a_finding_with_a_suggestion():
    """Codes are case-sensitive; the near one is offered."""
    check(
        LINES
        + EACH_ONE
        + """
    # run
    filter = asp, BRK
    # changes
    line | before | after
    200  | 7      | 1
    # findings
    code  | says
    KS113 | names 'asp', which Atria did not report. Did you mean 'ASP' (Aspen) (score 100)?
    """
    )


@pytest.mark.parametrize(
    ("run", "why"),
    [
        ("filter = AS2, BRK", "which is not in the customers filter."),
        ("failed = ASP", "which could not be read."),
        ("held = ASP", "which is held: a row cannot be read."),
    ],
)
def test_an_account_that_is_shared_with_a_customer_who_does_not_take_part_is_left_alone(run: str, why: str):
    """The sum of the account would be short; other accounts go on."""
    check(
        LINES
        + SHARED
        + f"""
    # run
    {run}
    # changes
    line | before | after
    200  | 7      | 1
    # findings
    code  | says
    KS126 | Aspen II shares account Aspen Ltd with Aspen, {why} The lines they share are left alone.
    """
    )


def test_the_register_knows_accounts_of_a_failed_customer_that_reported_nothing():
    """Its usage could not be read, so only the register tells that it shares the account."""
    check(
        LINES
        + SHARED.replace("ASP      | A100       | Aspen    | MS365-BP | 1\n", "")
        + """
    # managed
    line | contract | account | service | customer | sku      | quantity
    100  | 11       | 1       | 5       | ASP      | MS365-BP | 3
    # run
    failed = ASP
    # changes
    line | before | after
    200  | 7      | 1
    # findings
    code  | says
    KS126 | Aspen II shares account Aspen Ltd with ASP, which could not be read.
    """
    )


ABSENT = (
    LINES
    + """
    # usage
    customer | identifier | name  | sku      | quantity
    ASP      | A100       | Aspen | MS365-BP | 3
    # managed
    line | contract | account | service | customer | sku      | quantity
    101  | 11       | 1       | 6       | ASP      | BKP-WS   | 3
    200  | 22       | 2       | 5       | BRK      | MS365-BP | 7
"""
)


def test_usage_that_cannot_be_placed_may_be_that_of_any_customer_without_usage():
    """A source that loses sight of who a customer is reports it under another code: a failed read is never zero."""
    check(
        ABSENT
        + """
    # run
    failed = Birch Ltd
    # changes
    line | kind | before | after
    101  | zero | 3      | 0
    # findings
    code  | says
    KS132 | Birch Ltd could not be read, and nothing is managed under that code: it may be this one
    """
    )


def test_a_known_customer_that_cannot_be_read_keeps_nobody_elses_line():
    """Its own lines stay; whoever is absent beside it is absent."""
    check(
        ABSENT
        + """
    # run
    failed = ASP
    # changes
    line | kind | before | after
    200  | zero | 7      | 0
    # findings
    """
    )


def test_a_skipped_customer_holds_the_accounts_that_it_shares():
    """Half of ASP goes to account 1 and half to an account that does not exist: AS2 must wait."""
    check(
        LINES
        + SHARED
        + """
    # customers
    customer_code,account_code,share,field,value
    ASP,A100,,term,x
    ASP,GONE,,,
    # changes
    line | before | after
    200  | 7      | 1
    # findings
    code  | says
    KS124 | customers.csv, line 3: Aspen is mapped to account GONE, which does not exist.
    KS126 | Aspen II shares account Aspen Ltd with Aspen, which was skipped (KS124).
    """
    )


def test_a_customer_keeps_its_other_account_when_one_of_two_is_left_alone():
    """The hold is on the account, not on everything that a customer does elsewhere."""
    check(
        LINES
        + SHARED
        + """
    # customers
    customer_code,account_code,share
    BRK,A100,0.5
    BRK,B200,0.5
    # run
    held = ASP
    # changes
    line | before | after
    200  | 7      | 0
    # findings
    code  | says
    KS126 | Aspen II shares account Aspen Ltd
    KS126 | Birch shares account Aspen Ltd with Aspen
    """
    )


def test_failed_and_held_customers_are_not_zeroed():
    """A failed read is never zero."""
    diff = check(
        LINES
        + """
    # managed
    line | contract | account | service | customer | sku      | quantity
    100  | 11       | 1       | 5       | ASP      | MS365-BP | 3
    200  | 22       | 2       | 5       | BRK      | MS365-BP | 7
    # run
    failed = ASP
    held = BRK
    # changes
    # findings
    """
    )
    assert diff.complete is False


def test_a_crash_in_planning_one_customer_is_a_finding_and_the_others_go_on():
    """Fields that cannot be read hold their customer and the account that it shares, never another one."""
    diff = check(
        LINES
        + """
    # usage
    customer | identifier | name  | sku      | quantity | attributes
    ASP      | A100       | Aspen | MS365-BP | 1        | not JSON
    BRK      | B200       | Birch | MS365-BP | 1        |
    # customers
    customer_code,account_code,field,value
    ASP,A100,site,York
    # changes
    line | before | after
    200  | 7      | 1
    # findings
    code  | says
    KS136 | Aspen could not be planned: field site of charge line 1: Expecting value
    """
    )
    assert (diff.complete, diff.applicable) == (False, True)


def test_a_row_whose_service_field_cannot_be_read_holds_its_customer():
    """The service table splits by a field too."""
    check(
        LINES
        + """
    # usage
    customer | identifier | name  | sku    | quantity | attributes
    ASP      | A100       | Aspen | BUNDLE | 1        | [1]
    BRK      | B200       | Birch | BUNDLE | 1        |
    # skus
    sku,service,field,value
    BUNDLE,BKP-WS,site,York
    BUNDLE,MS365-BP,,
    # changes
    line | before | after
    200  | 7      | 1
    # findings
    code  | says
    KS136 | field site of charge line 1: the attributes are no JSON object
    """
    )


def test_a_crash_while_a_change_is_made_leaves_the_account_alone(monkeypatch: pytest.MonkeyPatch):
    """No change, no registered line and no zeroing on the account; the others go on."""
    tell = ChangeWords.reason

    def reason(words: ChangeWords, target: int, facts: Any, *numbers: Any) -> str:
        if facts.customer_codes == ("ASP",):
            raise ZeroDivisionError("a defect of ours")
        return tell(words, target, facts, *numbers)

    monkeypatch.setattr(ChangeWords, "reason", reason)
    diff = check(
        LINES
        + EACH_ONE
        + """
    # managed
    line | contract | account | service | customer | sku | quantity
    101  | 11       | 1       | 6       | ASP      | X   | 3
    # changes
    line | before | after
    200  | 7      | 1
    # findings
    code  | says
    KS136 | Aspen could not be planned: ZeroDivisionError('a defect of ours')
    """
    )
    assert ([line.line_id for line in diff.matched], diff.complete) == (["200"], False)


def test_a_quantity_that_is_no_decimal_holds_its_customer():
    """Billing rules let none through; if one comes all the same, it is not taken for zero."""
    check(
        LINES
        + EACH_ONE.replace("Aspen | MS365-BP | 1", "Aspen | MS365-BP | NaN")
        + """
    # changes
    line | before | after
    200  | 7      | 1
    # findings
    code  | says
    KS136 | Aspen could not be planned: charge line 1 has the quantity Decimal('NaN')
    """
    )


def test_a_run_of_failed_lines_changes_only_these():
    """The others are planned, but neither changed nor registered with a number that they do not hold."""
    diff = check(
        LINES
        + EACH_ONE
        + """
    # run
    only = 200
    # changes
    line | before | after
    200  | 7      | 1
    # findings
    """
    )
    assert [line.line_id for line in diff.matched] == ["200"]


def test_a_customer_that_is_charged_in_another_currency_is_held_and_the_others_go_on():
    """Dollars on a contract in euros would bill another amount; and nothing is set to zero for it."""
    check(
        TWO_ACCOUNTS
        + """
    # policy
    currency = EUR
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
    101 | 11       | 6       | 3
    200 | 22       | 5       | 3
    # usage
    customer | identifier | name  | sku      | quantity | currency
    ASP      | A100       | Aspen | MS365-BP | 5        | USD
    BRK      | B200       | Birch | MS365-BP | 7        | EUR
    BRK      | B200       | Birch | MS365-BP | 1        |
    # managed
    line | contract | account | service | customer | sku    | quantity
    101  | 11       | 1       | 6       | ASP      | BKP-WS | 3
    # changes
    line | before | after
    200  | 3      | 8
    # findings
    code  | says
    KS198 | Aspen is charged in USD, and contracts are in EUR
    """
    )
