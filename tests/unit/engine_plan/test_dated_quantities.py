"""A PSA that keeps a quantity for every day: which day a change takes, and what is found before sending."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing_providers.engine.planner import lines_wanted, plan
from tests.support.plan_scenario import check, inputs_of

# Period 2026-09-26 to 2026-10-25, closed on 2026-10-28; a line of 5 seats in this period and the next.
PERIOD, NEXT = "2026-09-26..2026-10-25", "2026-10-26..2026-11-25"
HELD = f"{PERIOD} = 5; {NEXT} = 5"
BOTH_NOTHING = "# changes\n# findings\n"


def dated(
    usage: int | None,
    *,
    days: str = HELD,
    policy: str = "",
    contracts: str = "11 | 1 | 2026-01-01 | 2027-12-31",
    line: str = "",
    rest: str = BOTH_NOTHING,
) -> str:
    used = "" if usage is None else f"ASP | A100 | Aspen | MS365-BP | {usage}"
    return f"""
    # run
    dates = yes
    writes = delta
    today = 2026-10-28
    # policy
    {policy}
    # guards
    line_factor = off
    customer_share = off
    # accounts
    id | code | name
    1  | A100 | Aspen Ltd
    # contracts
    id | account | start | end
    {contracts}
    # services
    id | name
    5  | MS365-BP
    # lines
    id | contract | service | quantity | days | owner
    100 | 11 | 5 | 5 | {days} | {line}
    # usage
    customer | identifier | name | sku | quantity
    {used}
    {rest}
"""


def changed(before: int, after: int, day: str) -> str:
    return f"# changes\nline | before | after | from\n100 | {before} | {after} | {day}\n# findings\n"


def found(code: str, says: str, changes: str = "# changes\n", *, ends: bool = False) -> str:
    ending = "KS167 | contract 11 ends on 2026-10-25" if ends else ""
    return f"{changes}\n# findings\ncode | says\n{ending}\n{code} | {says}\n"


@pytest.mark.parametrize(
    ("usage", "policy", "day"),
    [
        (8, "", "2026-10-26"),
        (8, "increase_date = period_start", "2026-09-26"),
        (8, "increase_date = unposted_period_start", "2026-09-26"),
        (8, "increase_date = today", "2026-10-28"),
        (2, "increase_date = today", "2026-10-26"),
        (2, "decrease_date = today", "2026-10-28"),
        (2, "effective_date = period_start", "2026-09-26"),
        (2, "effective_date = period_start\ndecrease_date = next_period_start", "2026-10-26"),
    ],
)
def test_increases_and_decreases_take_effect_on_days_of_their_own(usage: int, policy: str, day: str) -> None:
    """Each has its own rule; by default both hold from the start of the next period."""
    check(dated(usage, policy=policy, rest=changed(5, usage, day)))


def test_an_unposted_period_is_told_by_the_line_itself() -> None:
    """Where the closed period is posted already, an increase takes the first period that is not."""
    days = f"{PERIOD} = 5 posted; {NEXT} = 5"

    check(dated(8, days=days, policy="increase_date = unposted_period_start", rest=changed(5, 8, "2026-10-26")))


def test_what_a_line_holds_is_what_it_holds_on_the_change_s_own_day() -> None:
    """A quantity that a person planned for the next period counts there, not today."""
    days = f"{PERIOD} = 5; {NEXT} = 7"

    check(dated(8, days=days, rest=changed(7, 8, "2026-10-26")))
    check(dated(7, days=days, rest=BOTH_NOTHING))


def test_a_posted_period_is_found_before_sending_with_the_earliest_legal_date() -> None:
    """The PSA would refuse the change; the finding names the day from which it could hold."""
    days = f"{PERIOD} = 5 posted; {NEXT} = 5"
    says = "cannot change on 2026-09-26: the period until 2026-10-25 is approved and posted. "

    check(
        dated(
            8,
            days=days,
            policy="increase_date = period_start",
            rest=found("KS185", says + "The earliest legal date is 2026-10-26."),
        )
    )


def test_a_day_outside_the_contract_is_found_before_sending() -> None:
    """A contract that has ended by then takes nothing; the finding names its end and both quantities."""
    says = "should change from 5 to 8 on 2026-10-26, but contract 11 runs until 2026-10-25."

    check(
        dated(
            8, days=f"{PERIOD} = 5", contracts="11 | 1 | 2026-01-01 | 2026-10-25", rest=found("KS184", says, ends=True)
        )
    )


FOLLOWED = """11 | 1 | 2026-01-01 | 2026-10-25
    22 | 1 | 2026-10-26 | 2027-10-25"""
LINE_THERE = f"\n    200 | 22 | 5 | 5 | {NEXT} = 5 | "


def test_a_contract_that_follows_takes_the_change_where_the_policy_says_so() -> None:
    """Rollover is a rule: without it the change is an error, with it the successor's line is changed."""
    rolled = "# changes\nline | before | after | from\n200 | 5 | 8 | 2026-10-26\n"
    says = "takes effect on 2026-10-26, after contract 11 has ended; contract 22 takes it."

    diff = check(
        dated(
            8,
            days=f"{PERIOD} = 5",
            policy="rollover = yes",
            contracts=FOLLOWED,
            line=LINE_THERE,
            rest=found("KS187", says, rolled, ends=True),
        )
    )
    assert [change.contract_id for change in diff.changes] == ["22"]
    check(
        dated(
            8,
            days=f"{PERIOD} = 5",
            contracts=FOLLOWED,
            line=LINE_THERE,
            rest=found("KS184", "contract 11 runs until 2026-10-25", ends=True),
        )
    )


def test_two_changes_never_meet_on_the_line_of_the_contract_that_follows() -> None:
    """Lines that are collapsed into one have one line there: the total and the zero would both be written to it."""
    lines = f"\n    101 | 11 | 5 | 2 | {PERIOD} = 2 | {LINE_THERE}"
    says = "Contract 22 follows, but its line 200 would take what several lines should hold: 100, 101."
    rest = found("KS184", says, ends=True) + f"KS184 | {says}\n"

    policy = "rollover = yes\n    several_lines = collapse"
    check(dated(8, days=f"{PERIOD} = 3", policy=policy, contracts=FOLLOWED, line=lines, rest=rest))


def test_the_zero_of_a_collapsed_line_does_not_move_without_the_total() -> None:
    """Line 100 holds the total already: only the zero of line 101 changes, and would empty the line that follows."""
    lines = f"\n    101 | 11 | 5 | 2 | {PERIOD} = 2 | {LINE_THERE}"
    rest = found("KS184", "its line 200 would take what several lines should hold: 100, 101.", ends=True)

    policy = "rollover = yes\n    several_lines = collapse"
    check(dated(8, days=f"{PERIOD} = 8", policy=policy, contracts=FOLLOWED, line=lines, rest=rest))


FOLLOWED_INSIDE = """11 | 1 | 2026-01-01 | 2026-10-15
    12 | 1 | 2026-01-01 | 2026-10-10
    22 | 1 | 2026-10-16 | 2027-10-25"""


@pytest.mark.parametrize(
    ("contract", "line", "changed", "lines"),
    [
        (22, "", "", "100, 200"),  # unchanged: usage says 5, as the line does
        (22, "", "200 | 5 | 6 | 2026-10-26", "100, 200"),
        (12, f"120 | 12 | 5 | 5 | {PERIOD} = 5 | ", "", "100, 120"),  # its contract has ended, too
    ],
)
def test_a_change_never_moves_to_a_line_that_other_usage_decides(
    contract: int, line: str, changed: str, lines: str
) -> None:
    """Each quantity is whole: usage that leaves its line as it is decides about that line, too."""
    other = 6 if changed else 5
    says = f"Contract 22 follows, but its line 200 would take what several lines should hold: {lines}."
    changes = f"# changes\nline | before | after | from\n{changed}"
    rest = f"""ASP | A100 | Aspen | OTHER | {other}
    # skus
    sku,service,contract
    MS365-BP,MS365-BP,11
    OTHER,MS365-BP,{contract}
    {found("KS184", says, changes)}"""
    lines_there = f"\n    200 | 22 | 5 | 5 | {PERIOD} = 5; {NEXT} = 5 | \n{line}"

    check(
        dated(8, days=f"{PERIOD} = 5", policy="rollover = yes", contracts=FOLLOWED_INSIDE, line=lines_there, rest=rest)
    )


@pytest.mark.parametrize("registered", [False, True])
def test_a_zeroing_never_moves_to_the_contract_that_follows(registered: bool) -> None:
    """Only managed lines are set to zero; one that is managed itself is zeroed once, by its own change."""
    register = "100 | 11 | 1 | 5 | ASP | MS365-BP | 5" + ("\n200 | 22 | 1 | 5 | ASP | MS365-BP | 5" * registered)
    rest = f"""
    # managed
    line | contract | account | service | customer | sku | quantity
    {register}
    # changes
    # findings
    """
    scenario = dated(
        None,
        days=f"{PERIOD} = 5",
        policy="rollover = yes",
        contracts=FOLLOWED,
        line=LINE_THERE,
        rest=rest,
    )
    diff = plan(replace(inputs_of(scenario), reported_customers={"ASP": "Aspen"}))

    assert [change.line_id for change in diff.changes] == ["200"] * registered
    told = [finding.message for finding in diff.findings if finding.number == 184]
    assert len(told) == 1
    assert told[0].endswith("Contract 22 follows; a line of it is set to zero only when it is managed itself.")


@pytest.mark.parametrize(
    ("held", "written", "code", "says"),
    [
        (f"{NEXT} = 5 posted", "", "KS185", "on contract 22 cannot change on 2026-10-26"),
        (f"{NEXT} = 5", "200 | 2026-10-26 | 5 | yes", "KS188", "on contract 22 was changed for 2026-10-26 already"),
        (f"{NEXT} = 8 posted", "200 | 2026-10-26 | 8 | yes", "KS187", "contract 22 takes it"),  # it holds it already
    ],
)
def test_what_the_psa_would_refuse_on_the_contract_that_follows_is_not_planned(
    held: str, written: str, code: str, says: str
) -> None:
    """A posted period and a day that is taken refuse a change there as they do on the contract itself."""
    written = f"# written\nline | from | after | certain\n{written}\n"
    line = f"\n    200 | 22 | 5 | 5 | {held} | "
    rest = written + found(code, says, ends=True)

    check(dated(8, days=f"{PERIOD} = 5", policy="rollover = yes", contracts=FOLLOWED, line=line, rest=rest))


@pytest.mark.parametrize(
    ("text", "quantity", "told"),
    [
        ("Seats then", 5, "200 | set_quantity | 5 | 8 | invoice_text Seats then → Seats"),
        ("Seats", 5, "200 | set_quantity | 5 | 8 | "),
        ("Seats then", 8, "200 | set_fields | 8 | 8 | invoice_text Seats then → Seats"),
    ],
)
def test_the_text_is_held_against_the_line_that_takes_the_change(text: str, quantity: int, told: str) -> None:
    """The push compares the line with the diff; the text of another line would make it stale."""
    changes = f"# changes\nline | kind | before | after | fields\n{told}\n"
    line = f"Seats before\n    200 | 22 | 5 | 5 | {NEXT} = {quantity} | {text}"
    rest = "# terms\nmode,invoice_text\nquantity_only,Seats\n" + found("KS187", "22 takes it", changes, ends=True)
    scenario = dated(8, days=f"{PERIOD} = 5", policy="rollover = yes", contracts=FOLLOWED, line=line, rest=rest)

    check(
        scenario.replace("dates = yes", "dates = yes\n    sets = invoice_text").replace("days | owner", "days | text")
    )


def test_the_lines_of_the_contract_that_follows_are_read() -> None:
    """The plan asks for them beforehand, since nothing can be read while planning."""
    asked = lines_wanted(inputs_of(dated(8, policy="rollover = yes", contracts=FOLLOWED)))

    assert [contract.contract_id for contract in asked.contracts] == ["11", "22"]


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ("100 | 2026-10-26 | 5 | yes", True),
        ("100 | 2026-10-26 | 5 | no", True),  # nobody saw it applied at the time, but it shows now
        ("100 | 2026-10-26 | 6 | no", False),  # neither then nor now
        ("100 | 2026-09-26 | 5 | yes", False),
        ("101 | 2026-10-26 | 5 | yes", False),
    ],
)
def test_a_line_takes_one_change_per_day(rows: str, refused: bool) -> None:
    """A second one is refused by the PSA, so it is not planned; what may not have been applied does not count."""
    written = f"# written\nline | from | after | certain\n{rows}\n"
    rest = found("KS188", "was changed for 2026-10-26 already") if refused else changed(5, 8, "2026-10-26")

    check(dated(8, rest=written + rest))


def test_a_line_with_another_owner_is_left_alone() -> None:
    """What configuration items, discounts or another integration drive is named, not changed, and not zeroed."""
    check(dated(8, line="3 configuration items", rest=found("KS186", "is driven by 3 configuration items")))


def test_a_later_quantity_that_one_change_cannot_bring_along_is_left_alone() -> None:
    """A higher quantity from today would raise the planned lower one as well: a person decides."""
    days = f"{PERIOD} = 5; {NEXT} = 3"
    says = "should be 8, but holds 5 from 2026-09-26 and 3 from 2026-10-26."

    check(dated(8, days=days, policy="increase_date = period_start", rest=found("KS183", says)))


def test_a_managed_line_without_usage_is_zeroed_on_the_day_of_decreases() -> None:
    """Zeroing is a decrease like any other."""
    rest = """
    # managed
    line | contract | account | service | customer | sku | quantity
    100 | 11 | 1 | 5 | ASP | MS365-BP | 5
    # changes
    # findings
    """
    inputs = inputs_of(dated(None, policy="increase_date = today", rest=rest))
    diff = plan(replace(inputs, reported_customers={"ASP": "Aspen"}))

    zeroed = [(change.line_id, change.quantity_after, change.effective_date) for change in diff.changes]
    assert zeroed == [("100", Decimal(0), date(2026, 10, 26))]
