"""Dates that the PSA would refuse, lines that end, contracts that end: found before anything is sent."""

from __future__ import annotations

import pytest

from billing_providers.engine.planner import plan
from billing_providers.errors import SettingsError
from tests.support.plan_scenario import check, inputs_of

# Period 2026-09-26 to 2026-10-25; quantities take effect on 2026-10-26.
HEAD = """
    # accounts
    id | code | name
    1  | A100 | Aspen Ltd
    # services
    id | name
    5  | MS365-BP
    # usage
    customer | identifier | name  | sku      | quantity
    ASP      | A100       | Aspen | MS365-BP | 8
"""
SETS = "# run\nsets = effective_date, last_day\nadds = yes\n"


def contract(**cells: str) -> str:
    return f"# contracts\nid | account | {' | '.join(cells)}\n11 | 1 | {' | '.join(cells.values())}\n"


def lines(**cells: str) -> str:
    cells = {"id": "100", "contract": "11", "service": "5", "quantity": "5", **cells}
    return f"# lines\n{' | '.join(cells)}\n{' | '.join(cells.values())}\n"


EARLY = contract(bills_from="2026-10-01") + lines(starts="2026-09-26")


def test_a_line_that_starts_before_the_contracts_billing_is_left_alone_with_the_earliest_legal_date():
    """The PSA refuses every change of such a line; the finding names both dates and the fix."""
    check(
        HEAD
        + SETS
        + EARLY
        + """
    # changes
    # findings
    code  | says
    KS165 | effective date 2026-09-26 of MS365-BP cannot precede the billing start date 2026-10-01 of contract 11.
    """
    )


def test_the_start_is_moved_along_only_once_a_person_approves():
    """The fix is offered from our side, in the diff, and waits for approval."""
    check(
        HEAD
        + SETS
        + EARLY
        + """
    # policy
    early_start = move
    # changes
    line | before | after | held  | fields
    100  | 5      | 8     | KS165 | effective_date 2026-09-26 → 2026-10-01
    # findings
    code  | says
    KS165 | 2026-10-01
    """
    )


def test_a_line_that_starts_with_the_contracts_billing_is_changed():
    """The day itself is legal."""
    check(
        HEAD
        + contract(bills_from="2026-10-01")
        + lines(starts="2026-10-01")
        + "# changes\nline | before | after\n100 | 5 | 8\n# findings\n"
    )


ADDS = "# policy\nadd_lines = yes\n"


def test_a_line_is_not_added_before_the_contracts_billing_starts():
    """An addition takes effect on the day after the period; a contract billed later refuses it."""
    check(
        HEAD
        + SETS
        + ADDS
        + contract(bills_from="2026-11-15")
        + "# changes\n# findings\ncode | says\nKS165 | The earliest legal date is 2026-11-15.\n"
    )


def test_a_line_is_not_added_in_a_period_that_is_invoiced_without_proration():
    """Without proration nothing would be invoiced for it, so it is not added; with proration it is."""
    check(
        HEAD
        + SETS
        + ADDS
        + contract(next_invoice="2026-12-01", prorates="no")
        + "# changes\n# findings\ncode | says\nKS166 | is invoiced already, and the contract does not prorate. "
        "The earliest legal date is 2026-12-01.\n"
    )
    check(
        HEAD
        + SETS
        + ADDS
        + contract(next_invoice="2026-12-01", prorates="yes")
        + "# changes\nline | kind | before | after | held\n | add_line | | 8 | \n"
        "# findings\ncode | says\nKS171 | 1 contracts are invoiced up to 2026-12-01 already\n"
    )


def test_an_addition_can_be_moved_past_what_is_invoiced():
    """The earliest legal date respects billing start and invoices alike."""
    text = (
        HEAD
        + SETS
        + "# policy\nadd_lines = yes\nearly_start = move\n"
        + contract(bills_from="2026-11-15", next_invoice="2026-12-01", prorates="no")
        + "# changes\nline | kind | before | after | held\n | add_line | | 8 | KS165\n"
        "# findings\ncode | says\nKS165 | The earliest legal date is 2026-12-01.\n"
    )
    (change,) = check(text).changes

    assert change.effective_date.isoformat() == "2026-12-01"


def test_a_quantity_that_will_be_invoiced_later_is_said():
    """Whether the run comes before or after invoicing decides which invoice shows the quantity."""
    check(
        HEAD
        + contract(next_invoice="2026-11-26")
        + lines()
        + "# changes\nline | before | after\n100 | 5 | 8\n"
        + "# findings\ncode | says\nKS171 | up to 2026-11-26 already; their changes reach the invoice of that day\n"
    )
    check(
        HEAD
        + contract(next_invoice="2026-10-26")
        + lines()
        + "# changes\nline | before | after\n100 | 5 | 8\n# findings\n"
    )


def test_a_line_that_ends_after_the_period_is_billable_now():
    """A line cancelled for a future day is not ended."""
    for last_day in ("2026-10-25", "2026-11-30"):
        check(
            HEAD
            + contract(name="Managed")
            + lines(last_day=last_day)
            + "# changes\nline | before | after\n100 | 5 | 8\n# findings\n"
        )


def test_a_line_that_ended_inside_the_period_is_not_written_and_its_usage_is_said():
    """What was used until then is no longer a quantity of the line."""
    check(
        HEAD
        + contract(name="Managed")
        + lines(last_day="2026-10-10")
        + "# changes\n# findings\ncode | says\nKS170 | ended on 2026-10-10, inside the period; 8 were used.\n"
    )


def test_a_line_that_ended_before_the_period_is_no_line():
    """Like a contract that never had one."""
    check(
        HEAD
        + contract(name="Managed")
        + lines(last_day="2026-09-25")
        + "# changes\n# findings\ncode | says\nKS06 | not linked to contract Managed\n"
    )


GONE = """
    # accounts
    id | code | name
    1  | A100 | Aspen Ltd
    # contracts
    id | account
    11 | 1
    # services
    id | name
    5  | MS365-BP
    6  | BKP-WS
    # lines
    id  | contract | service | quantity | starts
    100 | 11       | 5       | 8        | 2026-01-01
    101 | 11       | 6       | 3        | 2026-01-01
    # usage
    customer | identifier | sku      | quantity
    ASP      | A100       | MS365-BP | 8
    # managed
    line | contract | account | service | customer | sku    | quantity
    101  | 11       | 1       | 6       | ASP      | BKP-WS | 3
"""


def test_a_line_without_usage_can_be_ended_instead_of_zeroed():
    """It gets the last day before the quantity would have taken effect."""
    diff = check(
        GONE
        + SETS
        + """
    # policy
    removal = end
    # changes
    line | kind     | before | after | fields
    101  | end_line | 3      | 0     | last_day empty → 2026-10-25
    # findings
    """
    )

    assert dict(diff.counts)["zero"] == 1


def test_a_line_that_starts_after_that_day_is_zeroed_even_then():
    """A line must not end before it starts."""
    check(
        GONE.replace("| 2026-01-01\n    # usage", "| 2026-11-01\n    # usage")
        + SETS
        + "# policy\nremoval = end\n# changes\nline | kind | before | after\n101 | zero | 3 | 0\n# findings\n"
    )


def test_ending_lines_is_refused_where_the_psa_has_no_such_day():
    """A setting that no line can follow stops the run."""
    with pytest.raises(SettingsError, match="policy: removal: cannot be set in Kaseya; got 'end'"):
        plan(inputs_of(GONE + "# policy\nremoval = end\n# changes\n# findings\n"))


def test_a_contract_that_ends_soon_is_said_once():
    """Sixty days ahead by default; zero switches it off, and a contract without end is silent."""
    ending = HEAD + contract(name="Managed", end="2026-12-24") + lines()
    change = "# changes\nline | before | after\n100 | 5 | 8\n"
    said = "# findings\ncode | says\nKS167 | contract Managed ends on 2026-12-24, 60 days after the period.\n"
    check(ending + change + said)
    check(ending + "# policy\nending_notice_days = 59\n" + change + "# findings\n")
    check(ending + "# policy\nending_notice_days = 0\n" + change + "# findings\n")


def test_a_line_that_ends_before_the_day_already_is_not_ended_again():
    """A run after a push that was killed before it was verified plans nothing; a person is told once."""
    check(
        HEAD.replace("ASP      | A100       | Aspen | MS365-BP | 8", "")
        + "    # policy\n    removal = end\n"
        + SETS
        + "    reported = ASP\n"
        + contract(start="2026-01-01")
        + lines(last_day="2026-10-25", starts="2026-01-01")
        + """
    # managed
    line | contract | account | service | customer | sku      | quantity
    100  | 11       | 1       | 5       | ASP      | MS365-BP | 5
    # changes
    # findings
    code  | says
    KS133 | managed line 100 of MS365-BP is no longer open on contract 11
    """
    )
