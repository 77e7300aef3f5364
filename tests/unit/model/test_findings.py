"""The registry of findings: every code says what happened and what to do, in whole sentences."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from billing_providers.model.finding_kinds import FINDING_KINDS, registry_of
from billing_providers.model.findings import FindingVoice, Level, Scope

# Level and scope of the codes that users of the Atria integration know; run-wide faults are told from items.
KNOWN = """
01 info run       02 error run      03 error run      04 verbose line   05 warning customer 06 warning item
07 info line      08 error line     09 warning customer 10 error run    11 info line      12 error run
13 error run      14 warning item   15 warning run    16 error run      17 error run      18 verbose run
19 verbose run    20 error run      21 error run      22 warning customer 23 warning item 24 info run
"""

every_kind = pytest.mark.parametrize("kind", FINDING_KINDS.values(), ids=lambda kind: f"{kind.number}-{kind.name}")


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_the_known_codes_keep_their_number_level_and_scope():
    """KS01 to KS24 mean what their users know, with the contradictions decided."""
    expected = re.findall(r"(\d\d) (\w+) (\w+)", KNOWN)

    assert [
        (f"{number:02d}", FINDING_KINDS[number].level.value, FINDING_KINDS[number].scope.value)
        for number in range(1, 25)
    ] == expected


def test_only_these_known_codes_end_a_run():
    """A fault of one line or customer never stops the others."""
    fatal = {kind.number for kind in FINDING_KINDS.values() if (kind.level, kind.scope) == (Level.ERROR, Scope.RUN)}

    assert {number for number in fatal if number < 100} == {2, 3, 10, 12, 13, 16, 17, 20, 21}


def test_new_codes_start_at_101_and_names_are_unique():
    """A number or a name means one thing."""
    numbers = list(FINDING_KINDS)

    assert [number for number in numbers if number <= 100] == list(range(1, 25))
    assert all(FINDING_KINDS[number].number == number for number in numbers)
    assert len({kind.name for kind in FINDING_KINDS.values()}) == len(numbers)


def test_a_number_used_twice_is_refused():
    """Two meanings under one number never get past the import."""
    with pytest.raises(ValueError, match="finding number 6 is used twice: no_line, no_line"):
        registry_of([FINDING_KINDS[6], FINDING_KINDS[7], FINDING_KINDS[6]])


@every_kind
def test_every_finding_renders_without_a_leftover(kind):
    """Message and resolution are whole sentences, with every value in its place."""
    values = {name: f"<{name}>" for name in fields_of(kind.template) - {"psa", "source"}}
    finding = FindingVoice(prefix="KS", psa="Kaseya", source="Atria").finding(kind.number, **values)

    assert finding.code == f"KS{kind.number:02d}"
    for text in (finding.message, finding.resolution, kind.when):
        assert text.strip(), "is empty"
        assert not re.search(r"[{}]|\[\d\]| {2}", text), text
    assert all(value in finding.message for value in values.values())
    assert kind.resolution.rstrip("} ").endswith((".", "suggestion")), kind.resolution


@every_kind
def test_a_finding_without_its_values_is_a_defect(kind):
    """A template value that nobody gave is found by the first test that makes the finding, not by a user."""
    wanted = fields_of(kind.template) - {"psa", "source", "suggestion", "why", "candidates"}
    if not wanted:
        assert FindingVoice().finding(kind.number).message
        return
    with pytest.raises(KeyError):
        FindingVoice().finding(kind.number)


def test_the_words_are_those_of_the_integration():
    """The same number speaks of another PSA and another source under another prefix."""
    finding = FindingVoice("CW", "ConnectWise", "MSP360").finding(
        22, billing_identifier="ACME", customer_name="Acme Ltd", customer="ACM"
    )

    assert finding.code == "CW22"
    assert finding.message == (
        "MSP360 Customer for Account Code 'ACME' is not defined as a valid ConnectWise Account (Acme Ltd). "
    )
    assert finding.about("customer") == "ACM"
    assert finding.about("sku") == ""


def test_names_with_braces_stay_as_they_are():
    """What a customer is called is never taken for a template."""
    finding = FindingVoice().finding(23, sku="", customer_name="{psa} & Sons", description="100% {0}", quantity="1")

    assert "Skipped Line 100% {0} (quantity 1) for Customer {psa} & Sons" in finding.message


def test_a_finding_takes_its_own_level_where_it_depends():
    """The level can be raised for one finding; the registry keeps its own."""
    finding = FindingVoice().finding(15, level=Level.ERROR, period="May")

    assert finding.level is Level.ERROR
    assert FINDING_KINDS[15].level is Level.WARNING
