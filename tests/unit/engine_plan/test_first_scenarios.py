from tests.support.plan_scenario import check

PSA = """
# accounts
id | code | name
1  | A100 | Aspen Ltd
2  | B200 | Birch plc
# contracts
id | account
11 | 1
22 | 2
# services
id | name
5  | MS365-BP
6  | BKP-WS
"""


def test_a_line_is_set_to_the_exact_sum():
    check(
        PSA
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
    line | before | after | reason
    100  | 3      | 5     | 5 of MS365-BP, used by ASP (charge lines 1, 2, rules atria.yaml); account and contract by billing identifier 'A100', the only usable contract; service by ServiceName.
    # findings
    """
    )
