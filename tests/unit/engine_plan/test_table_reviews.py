"""What people are asked to look at in the mapping tables while nothing about the numbers changes."""

from __future__ import annotations

import dataclasses

import pytest

from billing_providers.engine.mapping import load_organization_grid, load_service_map
from billing_providers.engine.planner import plan
from billing_providers.engine.shown import shown_usage
from billing_providers.engine.table_reviews import table_reviews
from billing_providers.errors import SettingsError
from tests.support.plan_scenario import TWO_ACCOUNTS, check, inputs_of

USED = """
    # usage
    customer | identifier | name  | sku      | quantity
    ASP      | A100       | Aspen | MS365-BP | 3
    # lines
    id  | contract | service | quantity
    L1  | 11       | 5       | 3
"""


def ignoring(reason: str) -> str:
    return f"{TWO_ACCOUNTS}{USED}# skus\nsku,ignore\nMS365-BP,{reason}\n# changes\n# findings\ncode | says\n"


def test_a_reason_whose_day_has_passed_asks_for_a_review_and_still_ignores():
    """Nothing is billed by a date alone: a person is asked, with the row and the reason."""
    last_day = str(inputs_of(ignoring("trial")).scope.period.last_day)

    check(ignoring(f"trial until {last_day}") + "KS125 | SKU MS365-BP is ignored: trial until")
    check(
        ignoring("trial until 2020-01-31")
        + "KS125 | SKU MS365-BP is ignored\n"
        + "KS181 | services.csv, line 2: SKU MS365-BP is ignored: trial until 2020-01-31. That day has passed"
    )


def test_customers_and_rows_of_one_customer_are_reviewed_too():
    """Whatever table ignores, and whether or not there is usage."""
    tables = """
        # customers
        customer_code,ignore
        LAB,ours UNTIL 2020-01-31
        # skus
        sku,customer_code,ignore
        X,BIR,free until 2020-02-29
        # changes
        # findings
    """
    inputs = inputs_of(TWO_ACCOUNTS + USED + tables)

    told = {finding.about("subject") for finding in plan(inputs).findings if finding.number == 181}

    assert told == {"Customer LAB", "SKU X of customer BIR"}
    assert [finding.number for finding in shown_usage(inputs)[0].findings if finding.number == 181] == [181, 181]


@pytest.mark.parametrize("reason", ["until 2026-02-30", "trial until 20261231", "trial until 31.12.2026"])
def test_a_day_that_does_not_exist_stops_the_run(reason: str):
    """A day that never comes would never ask."""
    with pytest.raises(SettingsError, match="ends with a day that does not exist"):
        load_service_map(f"sku,ignore\nX,{reason}\n", "services.csv")


@pytest.mark.parametrize("reason", ["until further notice", "valid until 2026-01-01 at least", "see 2026-01-01"])
def test_other_words_are_a_plain_reason(reason: str):
    """Only a day at the very end, after "until", asks for a review."""
    (entry,) = load_service_map(f"sku,ignore\nX,{reason}\n", "services.csv").entries.values()

    assert (entry.ignore, entry.review_after) == (reason, None)


def test_a_grid_names_organizations_that_nobody_reports():
    """A mistyped organization is seen; a module that reports nothing at all may not count yet."""
    grid = "account_code,Graphus,SaaS\nA100,Aspen; Aspne,Aspen\n"
    inputs = dataclasses.replace(
        inputs_of(TWO_ACCOUNTS + USED + "# changes\n# findings\n"),
        customer_map=load_organization_grid(grid, "grid.csv"),
        reported_customers={"Graphus: Aspen": "Aspen"},
    )

    (finding,) = table_reviews(inputs)

    assert finding.code == "KS182"
    assert finding.message == "grid.csv: 1 organizations are not among those that Graphus reports: Aspne."
