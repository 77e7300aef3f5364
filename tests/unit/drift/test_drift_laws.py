"""Drift, on registers and lines that nobody would write down: what a hand changed is found, and nothing else."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billing_providers.engine.drift import drift_finding, last_set, line_drifts
from billing_providers.model.changes import ChangeKind, FieldChange, LineField, ManagedLine
from billing_providers.model.findings import FindingVoice
from billing_providers.model.journal import JournalState, LineWrite
from billing_providers.model.psa import ContractLine, UnitPeriod
from tests.support.diffs import PERIOD, TENANT, line

OURS, THEIRS = "atria_to_kaseya_bms", "sherweb_to_kaseya_bms"
NOON = datetime(2026, 10, 27, 12, tzinfo=UTC)
NEVER = date(2026, 1, 1)


def managed(line_id: str = "100", quantity: int = 5, **changes: Any) -> ManagedLine:
    value = ManagedLine(
        TENANT, line_id, "10", "1", "5", "ASP", "MS365-BP", Decimal(quantity), PERIOD.start, run_key=f"{OURS}/r1",
        confirmed_at=NOON,
    )  # fmt: skip
    return dataclasses.replace(value, **changes)


def write(line_id: str = "100", quantity: int = 5, **changes: Any) -> LineWrite:
    value = LineWrite(
        line_id, NOON - timedelta(minutes=1), OURS, f"{OURS}/r1", PERIOD.start, JournalState.VERIFIED,
        Decimal(quantity), ChangeKind.SET_QUANTITY, ("Aspen Ltd",), "MS365-BP", "Aspen services", PERIOD.end, (),
    )  # fmt: skip
    return dataclasses.replace(value, **changes)


def drifts(register: list[ManagedLine], writes: list[LineWrite], lines: list[ContractLine]) -> dict[str, Any]:
    found = line_drifts(last_set(register, writes, OURS, not_before=NEVER), lines)
    return {drift.last.line.line_id: drift for drift in found}


@st.composite
def tenants(draw: Any) -> tuple[list[ManagedLine], list[LineWrite], list[ContractLine], set[str]]:
    """Managed lines as a close leaves them, and what a hand then did to some of them."""
    register, writes, lines, touched = [], [], [], set()
    for number in range(draw(st.integers(1, 8))):
        line_id, held = str(100 + number), draw(st.integers(0, 30))
        text = draw(st.sampled_from(["", "October"]))
        register.append(managed(line_id, held))
        if draw(st.booleans()) or text:
            fields = (FieldChange(LineField.INVOICE_TEXT, None, text),) if text else ()
            writes.append(write(line_id, held, fields=fields))
        if not text:
            text = draw(st.sampled_from(["", "a person's own"]))
        live = line(line_id, held, invoice_text=text)
        hand = draw(st.sampled_from(["", "", "quantity", "text", "gone", "closed", "last day", "price"]))
        changed = {
            "quantity": {"quantity": Decimal(held + 1)},
            "text": {"invoice_text": "by hand"},
            "closed": {"open": False},
            "last day": {"last_day": date(2027, 1, 31)},
            "price": {"unit_price": Decimal(99)},  # never set by us
        }.get(hand, {})
        if hand != "gone":
            lines.append(dataclasses.replace(live, **changed))
        ours = {"quantity", "gone", "closed", "last day"} | ({"text"} if text == "October" else set())
        touched |= {line_id} if hand in ours else set()
    strangers = [line("900", 1), line("901", 2)]
    return register, writes, lines + strangers, touched


@given(tenants())
def test_exactly_what_a_hand_changed_is_found(
    case: tuple[list[ManagedLine], list[LineWrite], list[ContractLine], set[str]],
) -> None:
    """Quantities, fields that the product had set, ends and removals; strangers and a person's own fields are not."""
    register, writes, lines, touched = case

    assert set(drifts(register, writes, lines)) == touched


def test_the_younger_of_register_and_journal_counts() -> None:
    """A later write of ours is no drift, and neither is an earlier one that a later run found changed and confirmed."""
    later = write(quantity=9, at=NOON + timedelta(days=1), run_key=f"{OURS}/r2")

    assert drifts([managed()], [later], [line(quantity=9)]) == {}
    assert drifts([managed()], [write(quantity=3)], [line(quantity=5)]) == {}
    (drift,) = drifts([managed()], [later], [line(quantity=5)]).values()
    assert drift.what == "the quantity is 5, it was 9"
    assert drift.last.words == f"It was set to 9 by run {OURS}/r2 at 2026-10-28 12:00 UTC."


def test_what_another_integration_set_is_told_as_its_own_kind() -> None:
    """By the journal of the tenant; a hand on top of it is a drift from what that one had set."""
    theirs = write(quantity=9, at=NOON + timedelta(days=1), integration=THEIRS, run_key=f"{THEIRS}/r7")

    (told,) = drifts([managed()], [write(), theirs], [line(quantity=9)]).values()
    (hand,) = drifts([managed()], [write(), theirs], [line(quantity=10)]).values()

    assert drift_finding(told, FindingVoice()).message == (
        f"Aspen Ltd: 5 on contract 10 holds 9. It was set to 9 by run {THEIRS}/r7 at 2026-10-28 12:00 UTC. "
        "This integration had set 5 before."
    )
    assert (told.number, hand.number, hand.what) == (202, 200, "the quantity is 10, it was 9")


def test_a_line_whose_last_write_is_in_doubt_is_left_out_until_a_run_confirms_it() -> None:
    """Its own run told so; nobody's hand is to blame."""
    lost = write(quantity=9, state=JournalState.UNKNOWN, at=NOON + timedelta(hours=1))
    confirmed = managed(quantity=9, confirmed_at=NOON + timedelta(hours=2))

    assert drifts([managed()], [write(), lost], [line(quantity=7)]) == {}
    assert set(drifts([confirmed], [write(), lost], [line(quantity=7)])) == {"100"}


def test_quantities_that_hold_from_a_day_on_are_looked_at_on_that_day() -> None:
    """What holds before it, and what splits the row later, is nobody's hand on our quantity."""
    register = [managed(holds_from=date(2026, 11, 1))]
    rows = [("2026-10-01", "2026-10-31", 2), ("2026-11-01", "2026-11-14", 5), ("2026-11-15", "2026-11-30", 6)]

    def live(units: int) -> ContractLine:
        told = [(first, last, units if first == "2026-11-01" else held) for first, last, held in rows]
        schedule = tuple(
            UnitPeriod(date.fromisoformat(first), date.fromisoformat(last), Decimal(held)) for first, last, held in told
        )
        return line(quantity=2, schedule=schedule)

    assert drifts(register, [write()], [live(5)]) == {}
    (drift,) = drifts(register, [write()], [live(4)]).values()
    assert drift.what == "the quantity is 4, it was 5"
    assert drift.last.words == f"It was set to 5 from 2026-11-01 on by run {OURS}/r1 at 2026-10-27 11:59 UTC."


def test_a_last_day_that_was_known_when_the_line_was_confirmed_is_no_drift() -> None:
    """One that comes later, goes away or moves is."""
    known = [managed(last_day=date(2026, 12, 31))]

    assert drifts(known, [], [line(quantity=5, last_day=date(2026, 12, 31))]) == {}
    moved = drifts(known, [], [line(quantity=5, last_day=date(2026, 11, 30))])["100"]
    gone = drifts(known, [], [line(quantity=5)])["100"]
    assert (moved.number, moved.what) == (201, "was ended on 2026-11-30 instead of 2026-12-31")
    assert (gone.number, gone.what) == (200, "last day is empty, it was 2026-12-31")
