"""What a plan saw of the PSA."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

from billing_providers.engine.seen_lines import seen_lines
from billing_providers.model.psa import Account, Contract, PsaDirectory
from tests.support.diffs import line

CONTRACT = Contract("10", "1", "as the contract says", "Aspen services", "Recurring", True, "Monthly", None, None)
FIRST = date(2026, 9, 26)
DIRECTORY = PsaDirectory((Account("1", "A100", "Aspen Ltd", active=True),), (CONTRACT,), ())


def test_open_lines_are_seen_once_with_the_names_of_what_they_belong_to():
    """A line that ended bills nothing; one that was read twice bills once; one of an unknown contract is seen too."""
    lines = [
        line("20"),
        line("9", None),
        line("20"),
        line("21", open=False),
        line("22", last_day=date(2026, 9, 25)),
        line("30", contract_id="99", account_id="", last_day=FIRST),
    ]

    seen = seen_lines(lines, DIRECTORY, FIRST)

    assert [(one.line_id, one.quantity) for one in seen] == [("9", None), ("20", Decimal(3)), ("30", Decimal(3))]
    assert (seen[0].contract_name, seen[0].account_name, seen[0].service_name) == (
        "Aspen services", "Aspen Ltd", "MS365-BP",
    )  # fmt: skip
    assert (seen[2].contract_name, seen[2].account_id, seen[2].account_name) == ("", "", "")


def test_an_account_that_is_not_listed_has_the_name_that_the_contract_tells():
    """A line is never without a name that the PSA told."""
    unlisted = dataclasses.replace(DIRECTORY, accounts=())

    assert seen_lines([line()], unlisted, FIRST)[0].account_name == "as the contract says"
