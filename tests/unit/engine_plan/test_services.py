"""Which service a SKU is, and what is said about usage that reaches none."""

from __future__ import annotations

import pytest

from tests.support.plan_scenario import TWO_ACCOUNTS, check

ASPEN = """
    # accounts
    id | code
    1  | A100
    # contracts
    id | account
    11 | 1
"""
LINES = """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
    101 | 11       | 6       | 3
"""


@pytest.mark.parametrize(
    ("field", "sku"),
    [("ServiceName", "MS365"), ("Description", "MB100: the plan: big"), ("SKUDescription", "MB100")],
)
def test_a_sku_equals_the_field_that_the_policy_names(field: str, sku: str):
    """SKUDescription takes the text before the first colon, trimmed; without a colon there is no match."""
    check(
        ASPEN
        + LINES
        + f"""
    # services
    id | name  | description
    5  | MS365 | MB100: the plan: big
    6  | MB100 | MB100
    # policy
    sku_field_match = {field}
    # usage
    customer | identifier | sku   | quantity
    ASP      | A100       | {sku} | 1
    # changes
    line | before | after
    100  | 3      | 1
    # findings
    """
    )


def test_usage_that_finds_no_service_is_said_once_per_sku_with_its_size():
    """Missing, inactive, ambiguous and without SKU: each with candidates or a suggestion; the other rows go on."""
    diff = check(
        TWO_ACCOUNTS.replace("6  | BKP-WS", "6  | BKP-WS\n7 | DUP\n8 | DUP").replace("id | name\n    5", "id | name\n5")
        + """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 3
    # usage
    customer | identifier | name  | sku      | quantity
    ASP      | A100       | Aspen | bkp-ws   | 2
    BRK      | B200       | Birch | bkp-ws   | 0.5
    ASP      | A100       | Aspen | DUP      | 1
    ASP      | A100       | Aspen |          | 4
    ASP      | A100       | Aspen | MS365-BP | 4
    # changes
    line | before | after
    100  | 3      | 4
    # findings
    code  | says
    KS14  | with 'ServiceName': 'bkp-ws' exists and is active.
    KS23  | Skipped Line  described (quantity 4) for Customer Aspen as no SKU was provided
    KS103 | 2 active services in Kaseya match SKU 'DUP' by ServiceName: 'DUP' (id 7), 'DUP' (id 8)
    """
    )
    missing = diff.findings[0]
    assert [missing.about(name) for name in ("customer", "customers", "count", "quantity")] == [
        "ASP, BRK",
        "2",
        "2",
        "2.5",
    ]
    assert "Did you mean BKP-WS (score 100)?" in missing.resolution


def test_an_inactive_service_does_not_match_and_is_named():
    """The catalogue entry must exist and be active."""
    check(
        ASPEN
        + """
    # services
    id | name | active
    5  | AV   | no
    # usage
    customer | identifier | sku | quantity
    ASP      | A100       | AV  | 1
    # changes
    # findings
    code | says
    KS14 | Service 'AV' (id 5) matches, but is not active.
    """
    )


def test_the_service_table_wins_by_customer_then_by_term():
    """Rows of the customer win over general ones, SKU|term over plain SKU, and all of them over matching."""
    check(
        TWO_ACCOUNTS.replace("6  | BKP-WS", "6  | BKP-WS\n7 | YEARLY\n8 | OURS")
        + """
    # lines
    id  | contract | service | quantity
    100 | 11       | 6       | 0
    101 | 11       | 7       | 0
    200 | 22       | 8       | 0
    # usage
    customer | identifier | sku      | term   | quantity
    ASP      | A100       | MS365-BP |        | 1
    ASP      | A100       | MS365-BP | yearly | 2
    BRK      | B200       | MS365-BP | yearly | 3
    # skus
    sku,term,service,customer_code
    MS365-BP,,BKP-WS,
    MS365-BP|yearly,,YEARLY,
    MS365-BP,,OURS,BRK
    # changes
    line | before | after | reason
    100  | 0      | 1     | service by services.csv, line 2.
    101  | 0      | 2     | service by services.csv, line 3.
    200  | 0      | 3     | service by services.csv, line 4.
    # findings
    """
    )


def test_a_mapped_service_that_cannot_be_used_is_reported_and_an_ignored_sku_is_counted():
    """Nothing is chosen instead of a service that the table names."""
    check(
        ASPEN
        + LINES
        + """
    # services
    id | name  | active
    5  | MS365 | yes
    6  | OLD   | no
    # usage
    customer | identifier | sku   | quantity
    ASP      | A100       | MS365 | 1
    ASP      | A100       | X     | 1
    ASP      | A100       | Y     | 1
    ASP      | A100       | TRIAL | 7
    # skus
    sku,service,service_id,ignore
    MS365,OLD,,
    X,Gone,,
    Y,,99,
    TRIAL,,,trials are free
    # changes
    # findings
    code  | says
    KS125 | SKU TRIAL is ignored: trials are free (1 charge lines, quantity 7)
    KS161 | SKU 'MS365' is mapped to service OLD, which is not active.
    KS161 | SKU 'X' is mapped to service Gone, which does not exist.
    KS161 | SKU 'Y' is mapped to service 99, which does not exist.
    """
    )


def test_shares_split_the_sum_and_not_the_single_seats():
    """Ten single seats in thirds are 4, 3 and 3: the parts sum to the whole exactly."""
    seats = "\n".join(f"ASP | seat{number} | MS365-BP | 1" for number in range(10))
    diff = check(
        TWO_ACCOUNTS.replace("2  | B200 | Birch plc", "2  | B200 | Birch plc\n3 | C300 | Cedar").replace(
            "22 | 2", "22 | 2\n33 | 3"
        )
        + f"""
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 0
    200 | 22       | 5       | 0
    300 | 33       | 5       | 0
    # usage
    customer | item | sku | quantity
    {seats}
    # customers
    customer_code,account_code,share
    ASP,C300,1/3
    ASP,A100,1/3
    ASP,B200,1/3
    # changes
    line | before | after | reason
    100  | 0      | 4     | account and contract by customers.csv, line 3, share 1/3
    200  | 0      | 3     | share 1/3
    300  | 0      | 3     | share 1/3
    # findings
    """
    )
    assert diff.changes[1].charge_nos == (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)


def test_a_sku_that_is_split_over_services_of_a_customer_that_is_split_over_accounts_keeps_its_sum():
    """First the shares of the SKU (7.5 and 2.5: the tie goes to the first by name), then those of the customer."""
    check(
        TWO_ACCOUNTS
        + """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 0
    101 | 11       | 6       | 0
    200 | 22       | 5       | 0
    201 | 22       | 6       | 0
    # usage
    customer | sku   | quantity
    ASP      | BUNDLE | 10
    # customers
    customer_code,account_code,share
    ASP,A100,0.5
    ASP,B200,0.5
    # skus
    sku,service,share
    BUNDLE,MS365-BP,0.75
    BUNDLE,BKP-WS,0.25
    # changes
    line | before | after
    101  | 0      | 2
    100  | 0      | 4
    201  | 0      | 1
    200  | 0      | 3
    # findings
    """
    )


def test_a_customer_that_is_split_by_a_field_goes_where_the_value_says():
    """A row without field takes everything else; without such a row an unknown value is reported with its size."""
    usage = """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 0
    200 | 22       | 5       | 0
    # usage
    customer | name  | sku      | quantity | attributes
    ASP      | Aspen | MS365-BP | 2        | {"site": " York "}
    ASP      | Aspen | MS365-BP | 3        | {"site": "Leeds"}
    ASP      | Aspen | MS365-BP | 1        |
    # customers
    customer_code,account_code,field,value
    ASP,A100,site,York
    """
    check(
        TWO_ACCOUNTS
        + usage
        + """
    ASP,B200,,
    # changes
    line | before | after
    100  | 0      | 2
    200  | 0      | 4
    # findings
    """
    )
    check(
        TWO_ACCOUNTS
        + usage
        + """
    # changes
    line | before | after
    100  | 0      | 2
    # findings
    code  | says
    KS163 | customers.csv, line 2: Customer Aspen is split by site, and no row has the value '' (1 charge lines
    KS163 | no row has the value 'Leeds' (1 charge lines, quantity 3)
    """
    )


def test_one_offer_may_be_billed_on_several_services_at_once():
    """A licence and the support that goes with it: each gets the whole, and neither a share of it."""
    check(
        TWO_ACCOUNTS
        + """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 1
    101 | 11       | 6       | 1
    # skus
    sku;service;share
    M365;MS365-BP;each
    M365;BKP-WS;each
    # usage
    customer | identifier | sku  | quantity
    ASP      | A100       | M365 | 7
    # changes
    line | before | after | service
    101  | 1      | 7     | BKP-WS
    100  | 1      | 7     | MS365-BP
    # findings
    """
    )


def test_an_offer_is_switched_off_for_all_or_for_one_customer_without_losing_its_mapping():
    """Off: neither planned nor set to zero, and told; the row stays as it is."""
    check(
        TWO_ACCOUNTS
        + """
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 1
    101 | 11       | 6       | 1
    200 | 22       | 5       | 1
    # skus
    sku;service;customer_code;sync
    M365;MS365-BP;;yes
    M365;MS365-BP;ASP;no
    BKP;BKP-WS;;no
    # usage
    customer | identifier | sku  | quantity
    ASP      | A100       | M365 | 7
    ASP      | A100       | BKP  | 3
    BRK      | B200       | M365 | 9
    # managed
    line | contract | account | service | customer | sku  | quantity
    100  | 11       | 1       | 5       | ASP      | M365 | 1
    101  | 11       | 1       | 6       | ASP      | BKP  | 1
    # changes
    line | before | after
    200  | 1      | 9
    # findings
    code  | says
    KS125 | its sync is switched off
    KS125 | its sync is switched off
    """
    )
