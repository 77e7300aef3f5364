"""The billing gate after real runs against the sandbox: who may be billed, who not, and what opens the way."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowRescheduleException

from billing_providers.billing_gate import main
from billing_providers.ledger.connect import open_ledger
from billing_providers.model.gate import BillingGate
from billing_providers.operators import BillingGateSensor, gate_params
from billing_providers.steps.billing_gate import billing_gate
from tests.support.closing import Closing
from tests.support.undoing import Undoing

PERIOD = date(2026, 10, 26)
WRITE = "PUT /v2/finance/contracts/*/services/*"
#: Customers of the demo MSP that are awkward on purpose, with what keeps each of them back.
AWKWARD = {
    "CASED": ["KS22"], "DBLLN": ["KS104"], "DORM": ["KS22"], "GHOST": ["KS22"], "MULTI": ["KS102"], "NOCON": ["KS05"],
    "NOID": ["KS09"], "NOLIN": ["KS06"], "OLDCON": ["KS05"], "QTYX": ["KS106"], "SKUX": ["KS14", "KS23"],
    "SVCX": ["KS14", "KS103"], "TERMS": ["KS105"], "TWIN": ["KS101"],
}  # fmt: skip


@pytest.fixture
def calm(msp: Closing, tmp_path: Path) -> Closing:
    """The demo MSP, whose awkward customers somebody ignores with a reason."""
    table = tmp_path / "customers.csv"
    table.write_text("customer_code,ignore\n" + "".join(f"{code},billed by hand\n" for code in AWKWARD))
    msp.change(customer_map=str(table))
    return msp


def gate_of(msp: Closing) -> BillingGate:
    return billing_gate(open_ledger("billing_ledger"), msp.settings.integration, PERIOD)


def waiting(msp: Closing) -> dict[str, tuple[str, list[str]]]:
    """State and codes of those who are not ready."""
    told = gate_of(msp).to_json(at_most=1000)
    return {one["customer"]: (one["state"], one["codes"]) for one in told["not_ready"]}


def ask(msp: Closing, *, first_asked: datetime | None = None, **params: Any) -> Any:
    """Run the sensor once, in the DAG that makes invoices."""
    sensor = BillingGateSensor(task_id="billing_gate", settings=msp.settings)
    dag_run = SimpleNamespace(
        dag_id="make_invoices", run_id="r1", data_interval_start=None, run_after=datetime(2026, 11, 27, tzinfo=UTC)
    )
    instance = SimpleNamespace(get_first_reschedule_date=lambda context: first_asked)
    return sensor.execute({"dag_run": dag_run, "ti": instance, "params": params})


def refused(msp: Closing) -> list[str]:
    """Close with one write that the PSA refuses; return whose line it was."""
    run = msp.run()
    run.plan()
    run.review()
    msp.box.control.add_fault("success_false", system="kaseya_bms", endpoint=WRITE, nth=3, count=1)
    with suppress(AirflowException):
        run.push()
    run.verify()
    with suppress(AirflowException):
        run.report()
    (finding,) = [one for one in run.findings() if one.code == "KS08"]
    return finding.about("customer").split(", ")


def test_healthy_customers_are_ready_and_each_awkward_one_says_what_it_waits_for(msp: Closing) -> None:
    """One state per customer: nobody waits for another's trouble, and no trouble is billed over."""
    run = msp.run()
    run.plan()
    run.review()
    run.push()
    run.verify()
    told = run.report()["billing_gate"]

    assert waiting(msp) == {code: ("held", codes) for code, codes in AWKWARD.items()}
    assert told["counts"] == {"ready": 30, "held": 14, "failed": 0}
    assert (told["ready"], told["why"], told["more"]) == (False, "", 0)
    assert [one["customer"] for one in told["not_ready"]] == sorted(AWKWARD)


def test_who_is_ignored_with_a_reason_keeps_nobody_waiting(calm: Closing) -> None:
    """All that stands is read back or unchanged, and nothing is open: the gate is open and the sensor passes."""
    calm.close()

    assert gate_of(calm).ready
    passed = ask(calm)
    assert (passed["counts"]["held"], passed["counts"]["failed"], passed["overridden"]) == (0, 0, {})


def test_a_refused_write_is_failed_with_its_attempts_and_answer_until_only_that_was_tried_again(calm: Closing) -> None:
    """``failed_only`` retries just those, and then everybody is ready."""
    customers = refused(calm)

    failed = gate_of(calm).not_ready
    assert [one.customer_code for one in failed] == customers
    for one in failed:
        assert (one.state.value, one.attempts) == ("failed", 1)
        assert one.why.startswith("The change of ")
        assert f" was refused: {one.last_answer}." in one.why

    calm.close("again", failed_only=True)

    assert gate_of(calm).ready


def test_a_failed_only_run_does_not_make_held_changes_ready(msp: Closing) -> None:
    """What a guard held is not among what failed: planning only the latter must not hide the former."""
    msp.change(review="off")
    msp.close("first")
    held = waiting(msp)
    guarded = {code: codes for code, (_, codes) in held.items() if code not in AWKWARD}
    assert guarded
    assert all(code.startswith("KS11") for codes in guarded.values() for code in codes)

    with suppress(AirflowException):
        msp.close("again", failed_only=True)

    assert waiting(msp) == held


def test_a_rejected_diff_holds_whoever_would_have_changed(calm: Closing) -> None:
    """Nothing was written, so nobody with a change may be billed; unchanged customers may."""
    calm.change(review="always")
    run = calm.run()
    run.plan()
    with suppress(AirflowException):
        run.review(answer="Reject")
    run.report()
    changed = {code for change in run.ledger.diffs.load(run.diff["digest"]).changes for code in change.customer_codes}

    assert waiting(calm) == {code: ("held", []) for code in sorted(changed)}
    assert "A person rejected the change of " in gate_of(calm).not_ready[0].why


def test_a_dry_run_opens_nothing(calm: Closing) -> None:
    """What was only planned is not in the PSA."""
    run = calm.run(dry_run=True)
    run.plan()
    run.report()

    gate = gate_of(calm)
    assert (gate.ready, gate.why, gate.customers) == (False, "No run has closed this period yet.", ())


def test_a_run_of_some_customers_speaks_for_nobody_else(calm: Closing) -> None:
    """One customer that was closed by hand does not open the gate for those that nobody looked at."""
    calm.close("one", customers=["CDRW"])
    assert gate_of(calm).why == "Only runs of some customers have closed this period; the others were never looked at."

    calm.close("all")
    assert gate_of(calm).ready


def test_a_later_run_that_never_came_to_a_plan_closes_the_gate(calm: Closing) -> None:
    """Somebody ran again for a reason; until that worked, what the first run left is not the last word."""
    calm.close("first")
    calm.box.control.add_fault("status", system="atria", endpoint="GET *", status=403, count=1)
    run = calm.run("second")
    run.resolve()

    assert gate_of(calm).why == "Run atria_to_kaseya_bms/second is still at work, or was broken off without a result."

    with suppress(AirflowException):
        run.extract()
    with suppress(AirflowException):
        run.report()
    gate = gate_of(calm)
    assert {one.state.value for one in gate.customers} == {"failed"}
    assert gate.not_ready[0].why.startswith("KS03: ")

    calm.close("third")
    assert gate_of(calm).ready


def test_an_undone_run_holds_whoever_it_had_changed(calm: Closing) -> None:
    """What was taken back is not billed; an undo of the undo opens the gate again."""
    run = calm.close("first")
    changed = {code for one in run.ledger.diffs.load(run.diff["digest"]).changes for code in one.customer_codes}
    Undoing(calm.settings, run.run_key, run_id="back").close()

    assert waiting(calm) == {code: ("held", []) for code in sorted(changed)}
    assert gate_of(calm).not_ready[0].why == (
        "Run atria_to_kaseya_bms/first was undone by atria_to_kaseya_bms_undo/back."
    )

    Undoing(calm.settings, "atria_to_kaseya_bms_undo/back", run_id="forth").close()
    assert gate_of(calm).ready


def test_usage_that_no_line_takes_holds_all_its_customers_however_many_they_are(calm: Closing, tmp_path: Path) -> None:
    """A finding about an SKU names the first five customers; the sixth is not billed without it either."""
    table = tmp_path / "services.csv"
    table.write_text("sku,service\nMS365-BP,No Such Service\n")
    calm.change(service_map=str(table))
    run = calm.close()
    _, charges = run.ledger.charges.load(run.charges["charge_set_id"])
    users = set(charges.loc[charges["sku"] == "MS365-BP", "customer_code"])
    assert len(users) > 5

    assert {code for code, (_, codes) in waiting(calm).items() if codes == ["KS161"]} == users - set(AWKWARD)


def test_the_sensor_waits_without_a_worker_and_says_at_its_end_who_is_not_ready(msp: Closing) -> None:
    """Red, amber and green before billing day: with the names and what is missing."""
    msp.close()

    with pytest.raises(AirflowRescheduleException):
        ask(msp)
    with pytest.raises(AirflowFailException) as ended:
        ask(msp, first_asked=datetime.now(UTC) - timedelta(days=6))
    assert str(ended.value).startswith(
        "the billing gate of atria_to_kaseya_bms is closed after 120 h: 2026-10-26 to 2026-11-25 (Europe/London): "
        "Casa Edera (CASED, held): KS22: "
    )


def test_a_person_may_override_named_customers_with_a_reason(msp: Closing) -> None:
    """Whoever is named may be billed; one who is not named still keeps the gate closed."""
    msp.close()
    named = dict.fromkeys(AWKWARD, "billed by hand this month")

    passed = ask(msp, billing_period="2026-11-01", override=named)
    assert passed["overridden"] == named

    named.pop("TWIN")
    with pytest.raises(AirflowRescheduleException):
        ask(msp, override=named)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ({"TWIN": " "}, "DAG param: override: gives no reason; got 'TWIN'"),
        (["TWIN"], "DAG param: override: is no table; got"),
    ],
)
def test_an_override_without_a_reason_is_refused_at_once(msp: Closing, override: Any, says: str) -> None:
    """A slip in the form must not wait for days, and opens nothing."""
    msp.close()

    with pytest.raises(AirflowFailException) as refusal:
        ask(msp, override=override)
    assert says in str(refusal.value)


def test_a_run_at_work_cannot_be_overridden(calm: Closing) -> None:
    """Names are no answer to a run that is about to change numbers."""
    calm.run().resolve()

    with pytest.raises(AirflowRescheduleException):
        ask(calm, override=dict.fromkeys(AWKWARD, "never mind"))


def test_the_sensor_takes_the_period_of_a_run_whose_interval_is_one(calm: Closing) -> None:
    """A DAG on the billing calendar waits for its own period, any other for the one that was closed last."""
    calm.close()
    calendar = calm.settings.calendar
    period = calendar.period_containing(PERIOD)
    sensor = BillingGateSensor(task_id="billing_gate", settings=calm.settings)

    def of(start: datetime, end: datetime) -> date:
        run = SimpleNamespace(
            data_interval_start=start, data_interval_end=end, run_after=datetime(2027, 3, 1, tzinfo=UTC)
        )
        return sensor._period({"dag_run": run, "params": {}}).start

    assert of(period.start_instant(), period.end_instant()) == PERIOD
    assert of(period.start_instant(), period.start_instant() + timedelta(days=1)) == date(2027, 1, 26)
    assert set(gate_params()) == {"billing_period", "override"}


def test_the_command_prints_who_is_not_ready(msp: Closing, capsys: pytest.CaptureFixture[str]) -> None:
    """What a person sees without Airflow's pages, and what a script can ask: 0, 3, or 1 after a fault."""
    msp.close()
    capsys.readouterr()

    assert main(["atria_to_kaseya_bms", "2026-11-01", "--all"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "atria_to_kaseya_bms, period from 2026-10-26: NOT READY (30 ready, 14 held, 0 failed)"
    assert sum(line.startswith("held    ") for line in lines) == 14
    assert sum(line.startswith("ready   ") for line in lines) == 30

    assert main(["atria_to_kaseya_bms", "2020-01-01"]) == 1
    assert main(["atria_to_kaseya_bms", "last month"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0].endswith("holds no run of atria_to_kaseya_bms for a period with the day 2020-01-01")
    assert told[1] == "command line: period: is no day; got 'last month'; allowed: YYYY-MM-DD"


def test_a_line_that_was_sent_and_is_not_read_back_is_not_ready(calm: Closing) -> None:
    """The PSA's answer is a promise; the gate waits for the proof."""
    run = calm.run()
    run.plan()
    run.review()
    run.push()
    with suppress(AirflowException):
        run.report()

    gate = gate_of(calm)
    assert {one.state.value for one in gate.not_ready} == {"held"}
    assert "was answered, and is not read back yet" in gate.not_ready[0].why
