"""What a run knows about mappings: out of the lines that it matched and of what it found."""

from __future__ import annotations

from decimal import Decimal

from billing_providers.engine.mapping_states import mapping_states
from billing_providers.engine.suggestions import Suggestions
from billing_providers.model.changes import ChangeKind
from billing_providers.model.findings import Finding, FindingVoice
from billing_providers.model.mapping_states import MappingState
from tests.support.ledger_values import contract_diff, line_change, matched_line, seen_line

VOICE = FindingVoice()
CUSTOMERS = {"ASP ": "Aspen", "BIR": "Birch", "CED": "Cedar"}


def states(*findings: Finding, changes: object = (), matched: object = ()) -> list[MappingState]:
    diff = contract_diff(changes=changes, matched=matched)
    return mapping_states(diff, findings, CUSTOMERS, [seen_line()], source="Atria", run_key="dag/r1")


def told(found: list[MappingState]) -> list[tuple[str, str, str, str, str]]:
    return [(one.kind.value, one.subject, one.state.value, one.target, one.target_name) for one in found]


def test_customers_and_skus_of_a_line_are_mapped_to_its_account_and_service() -> None:
    """A line may sum several of both."""
    found = states(matched=(matched_line(customer_code="ASP\nBIR", sku="E3"), matched_line(customer_code="ASP")))

    assert told(found) == [
        ("customer", "ASP", "mapped", "17", "Acme"),
        ("customer", "BIR", "mapped", "17", "Acme"),
        ("service", "E3", "mapped", "9", "O365-E3"),
        ("service", "O365-E3", "mapped", "9", "O365-E3"),
    ]
    assert [(one.name, one.lines) for one in found[:2]] == [("Aspen", 2), ("Birch", 1)]


def test_a_line_that_is_set_to_zero_tells_nothing_about_where_usage_goes() -> None:
    """Usage that left an account is not mapped to it any more."""
    gone = line_change(kind=ChangeKind.ZERO, quantity_after=Decimal(0), customer_codes=("ASP",))

    assert states(changes=(gone,)) == []


def test_a_finding_has_the_last_word_and_brings_its_suggestions() -> None:
    """With score and reason, as the plan found them."""
    offers = Suggestions([("Cedar Ltd", "Cedar Ltd (code none)", "13")]).values("Cedr Ltd")
    missing = VOICE.finding(22, customer="CED", customer_name="Cedar", billing_identifier="CED", **offers)
    several = VOICE.finding(
        103, sku="E3", term="annual", count=2, candidates="a, b", field="name", customer="ASP, BIR", quantity="1"
    )

    found = states(missing, several, matched=(matched_line(customer_code="CED", sku="E5"),))

    assert told(found) == [
        ("customer", "CED", "unmapped", "", ""),
        ("service", "E3|annual", "conflict", "", ""),
        ("service", "E5", "mapped", "9", "O365-E3"),
    ]
    assert [(offer.target, offer.score) for offer in found[0].offers] == [("13", 94)]
    assert found[0].code == "KS22"


def test_what_a_table_ignores_is_ignored_and_a_due_review_says_so() -> None:
    """A customer's and a SKU's alike; one customer's row about a SKU is not the SKU's."""
    customer = VOICE.finding(125, customer="BIR", subject="Customer Birch", reason="trial", count=1, quantity="1")
    sku = VOICE.finding(125, sku="E1", subject="SKU E1", reason="free", count=1, quantity="1", customer="ASP, BIR")
    due = VOICE.finding(181, where="t, line 2", subject="SKU E9", reason="until 2020-01-01", customer="ASP", sku="E9")

    assert told(states(customer, sku, due)) == [
        ("customer", "BIR", "ignored", "", ""),
        ("service", "E1", "ignored", "", ""),
    ]
