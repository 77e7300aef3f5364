"""What a run came to for each customer."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal

from billing_providers.model.changes import MatchedLine
from billing_providers.model.findings import FindingVoice
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.push.customer_results import customer_results
from tests.support.diffs import PERIOD, SCOPE, TENANT, change, diff_of

NAMES = {"ASP": "Aspen", "BIR": "Birch", "CED": "Cedar", "DOG": "Dogwood", "ELM": "Elm", "FIR": "Fir"}


def entry(change_id: str, state: JournalState) -> JournalEntry:
    return JournalEntry(
        TENANT, "i", PERIOD.start, SCOPE.run_key, "d", change_id, "l", "c", (), (), state,
        datetime(2026, 10, 27, tzinfo=UTC), None, Decimal(1), None, "", "",
    )  # fmt: skip


def test_every_customer_gets_one_result_with_its_codes():
    """Done, failed, open, unchanged and skipped are told apart, shared lines counting for each of their customers."""
    changes = (
        change("c1", customer_codes=("ASP",)),
        change("c2", customer_codes=("ASP", "BIR")),
        change("c3", customer_codes=("CED",)),
    )
    matched = (MatchedLine("9", "1", "1", "5", "DOG\nELM", "X", Decimal(1)),)
    diff = dataclasses.replace(diff_of(*changes), matched=matched)
    states = {"c1": entry("c1", JournalState.VERIFIED), "c2": entry("c2", JournalState.STALE)}
    voice = FindingVoice()
    findings = [
        voice.finding(9, customer="FIR", customer_name="Fir"),
        voice.finding(104, customer="ASP, ELM", customer_name="", contract_name="", count=2, service="", candidates=""),
        voice.finding(4, customer="DOG", customer_name="", sku="", service="", contract_name=""),
    ]

    results = customer_results(NAMES, diff, states, findings)

    assert [(row.customer_code, row.result, row.done, row.open, row.codes) for row in results] == [
        ("ASP", "failed", 1, 1, ("KS104",)),
        ("BIR", "failed", 0, 1, ()),
        ("CED", "open", 0, 1, ()),
        ("DOG", "unchanged", 0, 0, ()),
        ("ELM", "unchanged", 0, 0, ("KS104",)),
        ("FIR", "skipped", 0, 0, ("KS09",)),
    ]


def test_a_code_that_holds_the_separator_is_one_customer():
    """Sources name customers as they like; a warning must reach the customer that it is about."""
    names = {"ASP": "Aspen", "Birch, Sons": "Birch", "Birch, Sons, Ltd": "Birch Ltd", "Sons": "Sons"}
    voice = FindingVoice()
    findings = [
        voice.finding(9, customer="Birch, Sons", customer_name=""),
        voice.finding(
            104,
            customer="ASP, Birch, Sons, Ltd",
            customer_name="",
            contract_name="",
            count=2,
            service="",
            candidates="",
        ),
    ]

    results = customer_results(names, diff_of(), {}, findings)

    assert {row.customer_code: row.codes for row in results} == {
        "ASP": ("KS104",),
        "Birch, Sons": ("KS09",),
        "Birch, Sons, Ltd": ("KS104",),
        "Sons": (),
    }
