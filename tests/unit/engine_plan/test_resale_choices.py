"""Accounts by name, child contracts, bundles, set-ups that lose money, showing without billing."""

from __future__ import annotations

from dataclasses import replace

from billing_providers.engine.shown import shown_usage
from billing_providers.model.settings import Publish
from tests.support.plan_scenario import check, inputs_of

BY_NAME = """
    # policy
    account_match = name
    # services
    id | name
    5  | STORAGE
    # lines
    id  | contract | service | quantity
    100 | 11       | 5       | 5
    # usage
    customer | name      | sku     | quantity
    c-1      | Aspen Ltd | STORAGE | 8
"""
CONTRACT = "# contracts\nid | account | name\n11 | 1 | Managed\n"
CHANGE = "# changes\nline | before | after | reason\n100 | 5 | 8 | by name 'Aspen Ltd', the only usable contract\n"


def test_a_customer_without_identifier_is_matched_by_its_exact_name():
    """Sources without account codes are matched by name when the policy says so."""
    check(BY_NAME + CONTRACT + "# accounts\nid | code | name\n1 | AS | Aspen Ltd \n" + CHANGE + "# findings\n")


def test_two_accounts_of_one_name_are_ambiguous_and_never_merged():
    """Never first match, never a sum over both."""
    check(
        BY_NAME
        + CONTRACT
        + "# accounts\nid | code | name\n1 | AS | Aspen Ltd\n2 | AS2 | Aspen Ltd\n"
        + "# changes\n# findings\ncode | says\nKS101 | 2 active accounts in Kaseya have the name 'Aspen Ltd'\n"
    )


def test_an_unknown_name_holds_back_only_that_customer_and_suggests():
    """A near miss by case is a suggestion, not a match; the other customer goes on."""
    check(
        BY_NAME
        + "    c-2 | Birch plc | STORAGE | 3\n"
        + "# contracts\nid | account\n11 | 2\n"
        + "# accounts\nid | code | name\n1 | AS | ASPEN Ltd\n2 | BI | Birch plc\n"
        + "# changes\nline | before | after\n100 | 5 | 3\n"
        + "# findings\ncode | says\nKS164 | 'Aspen Ltd' is not the name of an active Kaseya Account (c-1)\n"
    )


def test_an_account_that_is_not_active_is_named_with_its_status():
    """A company that is not approved is not billed, and the finding says why."""
    inputs = inputs_of(
        BY_NAME + CONTRACT + "# accounts\nid | code | name | active\n1 | AS | Aspen Ltd | no\n# changes\n# findings\n"
    )
    (account,) = inputs.directory.accounts
    directory = replace(inputs.directory, accounts=(replace(account, status="Not-Approved"),))
    from billing_providers.engine.planner import plan

    diff = plan(replace(inputs, directory=directory))

    assert diff.changes == ()
    assert [f.code for f in diff.findings if f.number == 164] == ["KS164"]
    (message,) = [f.message for f in diff.findings if f.number == 164]
    assert message.endswith("Account 'Aspen Ltd' has the name, but is not active (Not-Approved).")


def test_an_explicit_mapping_survives_a_rename():
    """The source's own id, held in the table, finds the account whatever either is called by now."""
    check(
        BY_NAME.replace("Aspen Ltd | STORAGE", "Aspen Holding | STORAGE")
        + CONTRACT
        + "# accounts\nid | code | name\n1 | AS | Aspen Ltd\n"
        + "# customers\ncustomer_code,account_id\nc-1,1\n"
        + "# changes\nline | before | after\n100 | 5 | 8\n# findings\n"
    )


def test_a_child_contract_is_used_only_when_the_policy_says_so():
    """Invoices of children roll up to the parent; they are left alone by default."""
    child = (
        BY_NAME + "# accounts\nid | code | name\n1 | AS | Aspen Ltd\n# contracts\nid | account | parent\n11 | 1 | 9\n"
    )
    check(child + "# changes\n# findings\ncode | says\nKS05 | '11' (id 11): child of contract 9\n")
    check(
        child.replace("account_match = name", "account_match = name\nchild_contracts = yes")
        + "# changes\nline | before | after\n100 | 5 | 8\n# findings\n"
    )


def test_a_product_that_cannot_be_a_line_is_no_match():
    """A bundle cannot be added to a contract; the finding says so instead of a refusal later."""
    bundle = (
        BY_NAME.replace("id | name\n    5  | STORAGE", "id | name | no_line\n    5 | STORAGE | is a bundle")
        + CONTRACT
        + "# accounts\nid | code | name\n1 | AS | Aspen Ltd\n"
    )
    check(bundle + "# changes\n# findings\ncode | says\nKS14 | Service 'STORAGE' (id 5) matches, but is a bundle.\n")
    check(
        bundle
        + "# skus\nsku,service\nSTORAGE,STORAGE\n"
        + "# changes\n# findings\ncode | says\nKS161 | is mapped to service STORAGE, which is a bundle\n"
    )


AUDITED = """
    # policy
    settings_audit = yes
    # accounts
    id | code | name
    1  | A100 | Aspen Ltd
    # contracts
    id | account | name    | prorates | cycle
    11 | 1       | Managed | no       | Monthly
    12 | 1       | Unpaid  | no       |
    # services
    id | name
    5  | STORAGE
    # usage
    customer | identifier | sku     | quantity
    ASP      | A100       | STORAGE | 5
    # lines
    id  | contract | service | quantity | price | cost | starts     | billable
"""


def audited(line: str, *findings: str) -> None:
    told = "".join(f"{finding}\n" for finding in (*findings, "KS173 | 1 active contracts have no billing cycle"))
    found = "".join(sorted(told.splitlines(keepends=True)))
    check(AUDITED + f"    {line}\n# changes\n# findings\ncode | says\n{found}")


def test_set_ups_that_silently_lose_money_are_reported():
    """Proration off, no cycle, price zero, cost above price, not billable: one finding each, nothing is held."""
    audited("100 | 11 | 5 | 5 | 10 | 4 | 2026-09-26 | yes")
    audited("100 | 11 | 5 | 5 | 10 | 4 | 2026-10-02 | yes", "KS172 | 1 lines start inside the period, but")
    audited("100 | 11 | 5 | 5 | 0 | 0 | | yes", "KS174 | 1 lines that usage reaches have a price of zero")
    audited("100 | 11 | 5 | 5 | 3 | 4 | | yes", "KS175 | 1 lines that usage reaches cost more than their price")
    audited("100 | 11 | 5 | 5 | 10 | 4 | | no", "KS176 | 1 lines that usage reaches are set not to be billed")


def test_showing_maps_customers_to_accounts_and_touches_no_contract():
    """Publish without billing: figures are shown, no change is planned, unknown customers are named."""
    inputs = inputs_of(
        BY_NAME
        + "    c-2 | Nobody | STORAGE | 3\n"
        + "# accounts\nid | code | name\n1 | AS | Aspen Ltd\n# contracts\nid | account\n# changes\n# findings\n"
    )
    settings = replace(inputs.settings, publish=Publish.SHOW)

    diff, accounts = shown_usage(replace(inputs, settings=settings))

    assert accounts == {"c-1": "1"}
    assert (diff.changes, diff.matched) == ((), ())
    assert [(finding.code, finding.about("customer")) for finding in diff.findings] == [
        ("KS164", "c-2"),
        ("KS178", ""),
    ]


LINKED = BY_NAME.replace("account_match = name", "account_match = id_or_name").replace(
    "customer | name      | sku     | quantity\n    c-1      | Aspen Ltd | STORAGE | 8",
    "customer | identifier | name | sku | quantity\n    c-1 | {id} | {name} | STORAGE | 8",
)
TWO_NAMES = CONTRACT + "# accounts\nid | code | name\n1 | AS | Aspen Ltd\n2 | BI | Birch plc\n"


def test_an_account_that_the_source_links_itself_is_that_account_whatever_the_name():
    """A site that is linked with the PSA's company needs no table, and one without a link is matched by name."""
    by_id = CHANGE.replace("by name 'Aspen Ltd'", "by account id 1")

    check(LINKED.format(id="1", name="Aspen, back office") + TWO_NAMES + by_id + "# findings\n")
    check(LINKED.format(id="", name="Aspen Ltd") + TWO_NAMES + CHANGE + "# findings\n")


def test_a_link_that_contradicts_the_name_or_leads_nowhere_is_not_followed():
    """One of the two is wrong, and nobody guesses which."""
    denied = "links 'Birch plc' with Kaseya account 1 'Aspen Ltd', but it has the name of account 'Birch plc' (id 2)."
    nowhere = "links 'Aspen Ltd' with Kaseya account 9, but there is no such account."
    rest = "# changes\n# findings\ncode | says\nKS190 | {says}\n"

    check(LINKED.format(id="1", name="Birch plc") + TWO_NAMES + rest.format(says=denied))
    check(LINKED.format(id="9", name="Aspen Ltd") + TWO_NAMES + rest.format(says=nowhere))
