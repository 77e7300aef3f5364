"""Suggestions are offered for what is unmapped, and cannot stall a plan."""

from __future__ import annotations

from billing_providers.engine.suggestions import Suggestions


def test_a_near_name_is_offered_with_its_score_and_nothing_for_a_stranger():
    """The best come first; below the least score nothing is offered."""
    suggestions = Suggestions([("Aspen Limited", "Aspen Limited (A1)"), ("Birch plc", "Birch plc (B1)")])

    assert suggestions.sentence("Aspen Limitd") == "Did you mean Aspen Limited (A1) (score 96)?"
    assert suggestions.sentence("  bircH   PLC ") == "Did you mean Birch plc (B1) (score 100)?"
    assert suggestions.sentence("Zebra & Sons", "") == ""


def test_thousands_of_unmapped_names_do_not_make_a_plan_slow():
    """Comparisons are capped for the run; a look-up of a near miss costs none and always works."""
    suggestions = Suggestions([(f"Customer {number}", f"C{number}") for number in range(10)], comparisons_left=20)

    offered = [bool(suggestions.sentence(f"Custmer {number}")) for number in range(4)]

    assert offered == [True, True, False, False]
    assert suggestions.sentence("CUSTOMER 7") == "Did you mean C7 (score 100)?"
