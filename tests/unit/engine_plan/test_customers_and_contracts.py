"""Which account and contract a customer's usage goes to."""

from __future__ import annotations

import pytest

from billing_providers.engine.planner import lines_wanted, plan
from billing_providers.errors import SettingsError
from tests.support.plan_scenario import TWO_ACCOUNTS, check, inputs_of

SERVICES = """
    # services
    id | name
    5  | MS365-BP
    6  | BKP-WS
"""


def test_a_line_is_set_to_the_sum_of_all_rows_that_reach_it_and_says_why():
    """All rows that reach one line are summed, and the reason names usage, rules and mapping."""
    diff = check(
        TWO_ACCOUNTS
        + """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
    200 | 22       | 5       | 7
    # usage
    customer | identifier | sku      | quantity
    ASP      | A100       | MS365-BP | 2
    ASP      | A100       | MS365-BP | 3
    BRK      | B200       | MS365-BP | 7
    # changes
    line | before | after
    100  | 3      | 5
    # findings
    """
    )
    assert diff.changes[0].reason == (
        "5 of MS365-BP, used by ASP (charge lines 1, 2, rules atria.yaml); account and contract by billing identifier "
        "'A100', the only usable contract; service by ServiceName."
    )
    assert diff.changes[0].charge_nos == (1, 2)
    assert diff.changes[0].effective_date.isoformat() == "2026-10-26"
    assert diff.unchanged_count == 1
    assert [finding.message for finding in diff.findings if finding.number == 4] == [
        "No changes made in quantity for Product MS365-BP - no update to contract required for Customer BRK"
    ]


def test_identifiers_are_compared_trimmed_and_case_sensitively():
    """A blank around a code does not matter, its case does: a near miss is offered, not taken."""
    check(
        TWO_ACCOUNTS
        + """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
    # usage
    customer | identifier     | sku      | quantity
    ASP      | \u00a0A100\u2003 | MS365-BP | 4
    BRK      | b200           | MS365-BP | 9
    # changes
    line | before | after
    100  | 3      | 4
    # findings
    code | says
    KS22 | Did you mean Birch plc (code B200) (score 100)?
    """
    )


def test_what_is_missing_or_ambiguous_about_a_customer_is_said_once_and_hides_its_rows():
    """No identifier, an inactive account, two accounts with one code: one finding each, none about their rows."""
    check(
        SERVICES
        + """
    # accounts
    id | code | name    | active
    1  | A100 | Aspen   | no
    2  | B200 | Birch   | yes
    3  | B200 | Birch 2 | yes
    # contracts
    id | account
    11 | 1
    22 | 2
    # usage
    customer | identifier | sku     | quantity
    ASP      | A100       | UNKNOWN | 1
    ASP      | A100       |         | 1
    BRK      | B200       | UNKNOWN | 1
    CED      |            | UNKNOWN | 1
    DGW      | D1         | UNKNOWN | 1
    DGW      | D2         | UNKNOWN | 1
    ELM      | Q-Q        | UNKNOWN | 1
    # changes
    # findings
    code  | says
    KS09  | CED Billing Identifier missing
    KS22  | Account 'Aspen' has the code, but is not active.
    KS22  | Account Code 'Q-Q' is not defined
    KS101 | 2 active accounts in Kaseya have the code 'B200': 'Birch' (id 2), 'Birch 2' (id 3)
    KS156 | D1, D2
    """
    )


def test_a_contract_must_be_active_of_the_type_and_cycle_and_in_force_on_a_day_of_the_period():
    """No usable contract: the finding lists each contract of the account and why it was not chosen."""
    diff = check(
        SERVICES
        + """
    # accounts
    id | code
    1  | A100
    # contracts
    id | account | type               | active | cycle     | start      | end
    11 | 1       | Fixed Price        | yes    | Monthly   |            |
    12 | 1       | Recurring Services | no     | Monthly   |            |
    13 | 1       | Recurring Services | yes    | Quarterly |            |
    14 | 1       | Recurring Services | yes    | Monthly   | 2026-10-26 |
    15 | 1       | Recurring Services | yes    | Monthly   |            | 2026-09-25
    # usage
    customer | identifier | sku      | quantity
    ASP      | A100       | MS365-BP | 1
    # changes
    # findings
    code | says
    KS05 | does not exist in Kaseya portal
    """
    )
    assert diff.findings[0].about("candidates").split("; ") == [
        "Contracts of the account: '11' (id 11): type Fixed Price, wanted Recurring Services",
        "'12' (id 12): not active",
        "'13' (id 13): billing cycle Quarterly, wanted Monthly",
        "'14' (id 14): starts on 2026-10-26, after the period",
        "'15' (id 15): ended on 2026-09-25, before the period.",
    ]


@pytest.mark.parametrize(("start", "end"), [("2026-10-25", ""), ("", "2026-09-26"), ("2026-10-01", "2026-10-01")])
def test_a_contract_in_force_on_one_day_of_the_period_is_usable(start: str, end: str):
    """The period is half-open, the contract's last day counts."""
    check(
        SERVICES
        + f"""
    # accounts
    id | code
    1  | A100
    # contracts
    id | account | start   | end
    11 | 1       | {start} | {end}
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
    # usage
    customer | identifier | sku      | quantity
    ASP      | A100       | MS365-BP | 1
    # changes
    line | before | after
    100  | 3      | 1
    # findings
    """
    )


TWO_CONTRACTS = (
    SERVICES
    + """
    # accounts
    id | code
    1  | A100
    # contracts
    id | account | name
    11 | 1       | Old
    12 | 1       | New
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
    200 | 12       | 6       | 3
    # usage
    customer | identifier | sku      | quantity
    ASP      | A100       | MS365-BP | 1
    ASP      | A100       | BKP-WS   | 2
"""
)


def test_several_usable_contracts_are_ambiguous():
    """Never the first match: the candidates are listed and the customer is skipped."""
    check(
        TWO_CONTRACTS
        + """
    # changes
    # findings
    code  | says
    KS102 | 2 contracts of account 1 could be meant. None was chosen. Contracts of the account: 'New' (id 12): usable
    """
    )


def test_the_contract_that_holds_the_service_is_chosen_when_the_policy_says_so():
    """With holds_service each service goes to the one contract that has a line for it."""
    check(
        TWO_CONTRACTS
        + """
    # policy
    contract_choice = holds_service
    # changes
    line | before | after
    100  | 3      | 1
    200  | 3      | 2
    # findings
    """
    )


def test_a_service_that_no_or_several_contracts_hold_stays_ambiguous():
    """holds_service decides only when exactly one contract has an open line for the service."""
    check(
        TWO_CONTRACTS.replace("200 | 12       | 6", "200 | 12       | 5")
        + """
    # policy
    contract_choice = holds_service
    # changes
    # findings
    code  | says
    KS102 | BKP-WS: held by none of them; MS365-BP: held by 'New' (id 12), 'Old' (id 11).
    """
    )


def test_a_row_of_the_service_table_names_the_contract():
    """Each contract has services of its own, found by its name on every account, whatever lines it holds."""
    diff = check(
        TWO_CONTRACTS
        + """
    # skus
    sku;service;contract
    MS365-BP;BKP-WS;New
    BKP-WS;MS365-BP;Old
    # changes
    line | before | after
    100  | 3      | 2
    200  | 3      | 1
    # findings
    """
    )
    assert "service by services.csv, line 3" in diff.changes[0].reason


def test_one_sku_may_be_shared_by_two_contracts():
    """Shares with a contract each bring one service to both of them, and lose nothing."""
    check(
        TWO_CONTRACTS.replace("MS365-BP | 1", "MS365-BP | 9").replace("200 | 12       | 6", "200 | 12       | 5")
        + """
    # skus
    sku;service;contract;share
    MS365-BP;MS365-BP;11;1/3
    MS365-BP;MS365-BP;12;2/3
    BKP-WS;MS365-BP;12;
    # changes
    line | before | after
    200  | 3      | 8
    # findings
    """
    )


@pytest.mark.parametrize(
    ("contract", "says"),
    [
        ("Nope", "MS365-BP: contract Nope does not exist on the account."),
        ("22", "MS365-BP: contract 22 belongs to another account."),
        ("13", "MS365-BP: contract 13 is not usable: not active."),
    ],
)
def test_a_contract_that_cannot_be_billed_is_named_and_the_other_services_go_on(contract: str, says: str):
    """A wrong contract in the service table is never replaced by another one."""
    text = TWO_CONTRACTS.replace("    # lines", "    13 | 1 | Gone | no\n    22 | 2 | Else | yes\n    # lines")
    check(
        text.replace("id | account | name", "id | account | name | active")
        .replace("| Old", "| Old | yes")
        .replace("| New", "| New | yes")
        + f"""
    # skus
    sku;service;contract
    MS365-BP;MS365-BP;{contract}
    BKP-WS;BKP-WS;New
    # changes
    line | before | after
    200  | 3      | 2
    # findings
    code  | says
    KS191 | {says}
    """
    )


def test_a_service_without_a_contract_of_its_own_stays_ambiguous():
    """Rows that name contracts settle their own services only."""
    check(
        TWO_CONTRACTS
        + """
    # skus
    sku;service;contract
    MS365-BP;MS365-BP;Old
    # changes
    line | before | after
    100  | 3      | 1
    # findings
    code  | says
    KS102 | BKP-WS: the service mapping table names no contract for it.
    """
    )


def test_the_two_tables_may_not_name_different_contracts():
    """What the customer's row leaves is what the service's row may choose from."""
    check(
        TWO_CONTRACTS
        + """
    # customers
    customer_code;account_id;contract
    ASP;1;New
    # skus
    sku;service;contract
    MS365-BP;MS365-BP;Old
    # changes
    line | before | after
    200  | 3      | 2
    # findings
    code  | says
    KS191 | MS365-BP: contract Old is not 'New' (id 12), which the customer mapping table names.
    """
    )


def test_the_mapping_table_wins_over_the_identifier_and_names_the_contract():
    """Explicit mappings win over matching, by account code or id, contract by id or name."""
    diff = check(
        TWO_CONTRACTS
        + """
    # customers
    customer_code;account_id;contract
    ASP;1;New
    # changes
    line | before | after
    200  | 3      | 2
    # findings
    code | says
    KS06 | Product MS365-BP (MS365-BP) not linked to contract New
    """
    )
    assert "account and contract by customers.csv, line 2;" in diff.changes[0].reason


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("ASP,9,", "account 9, which does not exist"),
        ("ASP,2,", "account 2, which is not active"),
        ("ASP,1,13", "contract 13, which is not usable: not active"),
        ("ASP,1,Nope", "contract Nope, which does not exist on the account"),
        ("ASP,1,33", "contract 33, which belongs to another account"),
    ],
)
def test_a_mapped_thing_that_cannot_be_used_is_reported_and_never_replaced(row: str, says: str):
    """The identifier would match account 1, and still nothing is chosen instead of what the table names."""
    check(
        SERVICES
        + f"""
    # accounts
    id | code | active
    1  | A100 | yes
    2  | B200 | no
    3  | C300 | yes
    # contracts
    id | account | active
    11 | 1       | yes
    13 | 1       | no
    33 | 3       | yes
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
    # usage
    customer | identifier | sku      | quantity
    ASP      | A100       | MS365-BP | 1
    # customers
    customer_code,account_id,contract
    {row}
    # changes
    # findings
    code  | says
    KS124 | customers.csv, line 2: ASP is mapped to {says}. Nothing was chosen instead.
    """
    )


def test_an_ignored_customer_is_counted_and_left_alone():
    """Ignored with a reason is a finding of level info, and nothing else is said about the customer."""
    check(
        TWO_ACCOUNTS
        + """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
    # usage
    customer | identifier | name  | sku      | quantity
    ASP      | A100       | Aspen | MS365-BP | 1
    ASP      | A100       | Aspen | NOPE     | 1.5
    # customers
    customer_code,ignore
    ASP,our own tenant
    # changes
    # findings
    code  | says
    KS125 | Customer Aspen is ignored: our own tenant (2 charge lines, quantity 2.5)
    """
    )


def test_a_contract_type_that_does_not_exist_stops_the_run():
    """KS12 lists the types of the tenant and those that the product knows."""
    text = TWO_ACCOUNTS + "# policy\ncontract_type = Recuring Services\n# changes\n# findings"

    with pytest.raises(SettingsError, match="'Recuring Services'; allowed: Fixed Price, Recurring Services") as error:
        plan(inputs_of(text))

    assert error.value.finding_number == 12


def test_only_lines_that_usage_or_a_managed_line_may_touch_are_read():
    """Every contract costs a call: unusable contracts, skipped customers and those out of scope are not asked for."""
    inputs = inputs_of(
        TWO_ACCOUNTS.replace("22 | 2", "22 | 2\n44 | 2\n55 | 1").replace("6  | BKP-WS", "6  | BKP-WS\n7 | AV")
        + """
    # policy
    contract_choice = holds_service
    # usage
    customer | identifier | sku      | quantity
    ASP      | A100       | MS365-BP | 1
    BRK      | B200       | AV       | 1
    # managed
    line | contract | account | service | customer | sku | quantity
    9    | 44       | 2       | 6       | OLD      | X   | 1
    8    | 22       | 2       | 6       | BRK      | X   | 1
    # run
    filter = ASP, OLD
    # changes
    # findings
    """
    )

    wanted = lines_wanted(inputs)

    assert [contract.contract_id for contract in wanted.contracts] == ["11", "44", "55"]
    assert [service.service_id for service in wanted.services] == ["6", "5"]
