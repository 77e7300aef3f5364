"""*Close* tells whether a period is ready to invoice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing_providers.ledger.ledger import Ledger
from billing_providers.model.gate import CustomerGate, GateReason, GateState
from billing_providers.model.gate_head import GateHead
from billing_providers.model.runs import RunRecord, RunResult
from tests.support.pages import ADMIN, client

DAG = "atria_to_kaseya_bms"
START, END = date(2026, 10, 26), date(2026, 11, 26)
AT = datetime(2026, 11, 26, 22, 5, tzinfo=UTC)


@pytest.fixture
def closed(ledger: Ledger, dags_known: None) -> Ledger:
    """One period that a run has closed, with one customer held and one ready."""
    run = RunRecord(
        run_key=f"{DAG}/scheduled__1", integration=DAG, tenant="bms:acme", period_start=START, period_end=END,
        started_at=AT, finished_at=AT, result=RunResult.SUCCEEDED_WITH_WARNINGS, failure_class="", dry_run=False,
        digest="", counts=(), summary="2 changes planned", mode="scheduled",
    )  # fmt: skip
    ledger.runs.start(run)
    ledger.runs.finish(run)
    head = GateHead(
        integration=DAG, period_start=START, period_end=END, tenant="bms:acme", run_key=run.run_key, digest="", why="",
        ready=1, held=1, failed=0, changes=2, changes_held=1, amount_changed=Decimal("1234.5"),
        amount_held=Decimal("100"), at=AT,
    )  # fmt: skip
    held = CustomerGate(
        "ZED", "<b>Zed</b> =1+1 \u202egnp", GateState.HELD, (GateReason("KS22", "No account has ZED."),)
    )
    ledger.gates.keep(head, [CustomerGate("ASP", "Aspen", GateState.READY), held])
    return ledger


@pytest.mark.usefixtures("closed")
def test_the_first_page_tells_each_integration_in_one_word() -> None:
    """With what is held, the money that waits, and when it ran."""
    shown = client(ADMIN).get("/billing/close").text

    assert ">Held</span>" in shown
    assert "1\u202f234.50" in shown
    assert '2026-11-26</span> <span class="day">22:05 UTC' in shown


@pytest.mark.usefixtures("closed")
def test_a_period_names_who_is_held_and_why_before_all_others() -> None:
    """Hostile names are text: neither markup nor a turn of the writing direction leaves its place."""
    shown = client(ADMIN).get(f"/billing/close/{DAG}").text

    assert shown.index("ZED") < shown.index("Aspen")
    assert "No account has ZED." in shown
    assert "<bdi>&lt;b&gt;Zed&lt;/b&gt; =1+1 \u202egnp</bdi>" in shown


@pytest.mark.usefixtures("closed")
def test_customers_are_found_by_state_and_words() -> None:
    """Whatever the case of the words."""
    ready = client(ADMIN).get(f"/billing/close/{DAG}?state=ready").text
    found = client(ADMIN).get(f"/billing/close/{DAG}?words=no+ACCOUNT").text

    assert ("Aspen" in ready, "ZED" in ready) == (True, False)
    assert ("Aspen" in found, "ZED" in found) == (False, True)


@pytest.mark.usefixtures("closed")
def test_the_next_closes_come_from_the_dags_calendar() -> None:
    """The next one and the twelve after it."""
    shown = client(ADMIN).get(f"/billing/close/{DAG}").text

    assert shown.count("<time ") == 13


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize(
    ("path", "words"),
    [("close/unknown_dag", "no run of unknown_dag"), (f"close/{DAG}?period=2020-01-01", "with the day 2020-01-01"),
     (f"close/{DAG}?period=soon", "is no day")],
)  # fmt: skip
def test_what_is_not_there_is_a_page_that_says_so(path: str, words: str) -> None:
    """Neither an empty list nor a traceback."""
    answer = client(ADMIN).get(f"/billing/{path}")

    assert answer.status_code == 404
    assert words in answer.text
