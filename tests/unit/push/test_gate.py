"""Whether a customer's invoice may be made, by every way in which a change or a finding can stand."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing_providers.engine.joined_names import names_in
from billing_providers.model.changes import ChangeKind, ContractDiff
from billing_providers.model.finding_kinds import FINDING_KINDS
from billing_providers.model.findings import Finding, FindingVoice, Level
from billing_providers.model.gate import CustomerGate
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.runs import Approval, RunRecord, RunResult
from billing_providers.push.gate import GateRun, customer_gates
from billing_providers.push.gate_findings import MAY_BE_BILLED
from tests.support.diffs import PERIOD, SCOPE, TENANT, change, diff_of

NOON = datetime(2026, 10, 27, 12, tzinfo=UTC)
DIGEST = "d" * 64
RECORD = RunRecord(
    SCOPE.run_key, SCOPE.integration, TENANT, PERIOD.start, PERIOD.end, NOON, NOON, RunResult.SUCCEEDED, "", False,
    DIGEST, (), "what the run came to",
)  # fmt: skip
CUSTOMERS = {"ASP": "Aspen Ltd", "BIR": "Birch Ltd"}
VOICE = FindingVoice()


def entry(state: JournalState, minutes: int = 1, **changes: object) -> JournalEntry:
    values = JournalEntry(
        TENANT, SCOPE.integration, PERIOD.start, SCOPE.run_key, DIGEST, "c1", "100", "10", ("ASP",), (), state,
        NOON + timedelta(minutes=minutes), Decimal(3), Decimal(5), None, "", "the answer",
    )  # fmt: skip
    return dataclasses.replace(values, **changes)


def decided(decision: str) -> Approval:
    return Approval(DIGEST, SCOPE.run_key, decision, "ann", NOON, "")


def gates(
    diff: ContractDiff | None = None,
    *entries: JournalEntry,
    decision: str = "approved",
    findings: Collection[Finding] = (),
    record: RunRecord = RECORD,
    **changes: object,
) -> dict[str, CustomerGate]:
    run = GateRun(
        record=record,
        diff=diff,
        approval=decided(decision) if decision else None,
        planned_at=NOON,
        findings=tuple(findings),
        customers=CUSTOMERS,
        held={},
        charged_for=lambda sku, term: {"BIR"} if sku == "X" else set(),
    )
    return {one.customer_code: one for one in customer_gates(dataclasses.replace(run, **changes), entries)}


@pytest.mark.parametrize(
    ("state", "expected", "words"),
    [
        (JournalState.VERIFIED, "ready", ""),
        (JournalState.CONFIRMED, "held", "was answered, and is not read back yet"),
        (JournalState.INTENDED, "failed", "was about to be sent when the run died"),
        (JournalState.SENT, "failed", "was sent, and no answer came"),
        (JournalState.FAILED, "failed", "was refused"),
        (JournalState.UNKNOWN, "failed", "may have been applied, nobody knows"),
        (JournalState.STALE, "failed", "was left alone, since the line was changed after the diff"),
        (JournalState.MISMATCH, "failed", "was read back and is different"),
    ],
)
def test_only_what_was_read_back_is_ready(state, expected, words):
    """Every state of the journal is judged; a state that nobody thought of would fail here."""
    told = gates(diff_of(change()), entry(JournalState.SENT), entry(state, 2))

    assert told["ASP"].state.value == expected
    assert told["ASP"].why == (f"The change of MS365-BP {words}: the answer." if words else "")
    assert (told["ASP"].attempts, told["ASP"].last_answer) == (
        (0, "") if expected == "ready" else (1 + (state is JournalState.SENT), "the answer")
    )
    assert told["BIR"].state.value == "ready"


def test_every_state_of_the_journal_is_in_the_table():
    """The test above covers what there is."""
    assert len(JournalState) == 8


@pytest.mark.parametrize(
    ("held_by", "applicable", "decision", "expected", "why"),
    [
        (("KS114",), True, "not_needed", "held", "KS114: The change of MS365-BP waits for a person."),
        (("KS114",), True, "approved", "failed", "The change of MS365-BP was not sent."),
        ((), True, "not_needed", "failed", "The change of MS365-BP was not sent."),
        ((), True, "rejected", "held", "A person rejected the change of MS365-BP."),
        ((), True, "", "held", "Nobody decided about the change of MS365-BP."),
        ((), False, "not_needed", "held", "The change of MS365-BP is listed for a person: it cannot be written here."),
    ],
)
def test_a_change_that_was_never_sent_says_what_it_waits_for(held_by, applicable, decision, expected, why):
    """Nothing that was planned is lost between the review and the invoice."""
    diff = diff_of(change(held_by=held_by), applicable=applicable)

    told = gates(diff, decision=decision)

    assert (told["ASP"].state.value, told["ASP"].why) == (expected, why)


def test_an_earlier_diff_of_the_line_proves_nothing_about_a_later_one():
    """What was written before the plan is what the plan found; what came after it counts, by whichever run."""
    before = entry(JournalState.VERIFIED, -60, digest="e" * 64)
    after = entry(JournalState.VERIFIED, 60, digest="f" * 64, change_id="other")

    assert gates(diff_of(change()), before)["ASP"].state.value == "failed"
    assert gates(diff_of(change()), before, after)["ASP"].state.value == "ready"
    assert gates(diff_of(change()), dataclasses.replace(before, digest=DIGEST))["ASP"].state.value == "ready"


def test_a_line_that_is_added_is_followed_by_its_change():
    """It has no id before it is there."""
    added = change("c9", kind=ChangeKind.ADD_LINE, line_id="")

    told = gates(diff_of(added), entry(JournalState.VERIFIED, change_id="c9", line_id="new"))

    assert told["ASP"].state.value == "ready"


def test_of_several_steps_the_last_one_read_back_speaks_for_those_before():
    """A line shows its last quantity; the answer to an earlier step was its proof."""
    steps = (change("c1", step=1), change("c2", step=2, quantity_after=Decimal(6)))
    first = entry(JournalState.CONFIRMED)

    assert gates(diff_of(*steps), first, entry(JournalState.VERIFIED, 2, change_id="c2"))["ASP"].state.value == "ready"
    assert gates(diff_of(*steps), first, entry(JournalState.FAILED, 2, change_id="c2"))["ASP"].state.value == "failed"
    assert gates(diff_of(*steps), first)["ASP"].state.value == "failed"


def test_findings_hold_whom_they_are_about():
    """A warning about one customer holds one; about several, all of them; about an SKU of many, whoever is charged."""
    missing = VOICE.finding(
        14, customer="ASP and 7 more", customers=8, count=8, sku="X", term="", field="ServiceName", quantity="8"
    )
    alone = VOICE.finding(9, customer="ASP", customer_name="Aspen")

    assert {code: one.why[:4] for code, one in gates(diff_of(), findings=[missing]).items()} == {
        "ASP": "",
        "BIR": "KS14",
    }
    assert [one.state.value for one in gates(diff_of(), findings=[alone]).values()] == ["held", "ready"]


def test_a_finding_that_does_not_say_whose_it_is_holds_everybody():
    """Better one question too many than an invoice too few."""
    unknown = VOICE.finding(
        163,
        customer="ASP and 7 more",
        customers=8,
        where="t.csv",
        subject="SKU X",
        field="site",
        value="Oslo",
        count=8,
        quantity="8",
    )
    zeroing = VOICE.finding(119, count=80, limit=25)
    more = VOICE.finding(155, count=3, total=503, code="KS06")
    harmless = VOICE.finding(155, count=3, total=503, code="KS135")

    for finding in (unknown, zeroing, more):
        assert {one.state.value for one in gates(diff_of(), findings=[finding]).values()} == {"held"}
    assert {one.state.value for one in gates(diff_of(), findings=[harmless]).values()} == {"ready"}


def test_a_fault_of_the_run_fails_everybody():
    """Nothing was planned from an incomplete reading; a run that died says what its summary says."""
    incomplete = VOICE.finding(108, error="a page is missing")

    assert {one.why for one in gates(diff_of(complete=False), findings=[incomplete]).values()} == {
        "KS108: The usage from Atria is not complete: a page is missing. Nothing is written from it."
    }
    assert {(one.state.value, one.why) for one in gates(None).values()} == {("failed", "what the run came to")}


def test_who_is_held_or_ignored_or_undone_is_told_so():
    """A reason of source or rules holds without a finding; an ignored customer has no trouble; an undo takes back."""
    verified = entry(JournalState.VERIFIED)
    ignored = VOICE.finding(
        125, customer="BIR", subject="Customer Birch", reason="own", where="t", count=1, quantity="1"
    )
    unmapped = VOICE.finding(9, customer="BIR", customer_name="Birch")

    assert gates(diff_of(), held={"BIR": "a row is unreadable"})["BIR"].why == "a row is unreadable"
    assert gates(diff_of(), findings=[unmapped, ignored])["BIR"].state.value == "ready"
    undone = gates(diff_of(change()), verified, undone_by="dag/undo")
    assert undone["ASP"].why == f"Run {SCOPE.run_key} was undone by dag/undo."
    assert undone["BIR"].state.value == "ready"


def test_findings_that_do_not_block_are_warnings_that_exist():
    """The list names no number twice and none that was never given."""
    assert set(FINDING_KINDS) >= MAY_BE_BILLED
    unmapped = {5, 6, 9, 14, 22, 23, 101, 102, 103, 104, 105, 106, 119, 132, 140, 150, 151, 152, 161, 163, 168, 205}
    assert not MAY_BE_BILLED & unmapped
    assert all(FINDING_KINDS[number].level in {Level.WARNING, Level.ERROR} for number in unmapped)


def test_names_that_hold_the_separator_are_found():
    """Sources name customers as they like."""
    assert names_in("A, B, C", {"B, C"}) == ["A", "B, C"]
    assert names_in("", {"A"}) == []
