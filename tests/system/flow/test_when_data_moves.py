"""Usage that moves inside the period, and the close after it: each change once, none twice, none lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing_providers.errors import LockHeld
from billing_providers.operators.resolve_changes import ResolveChangesOperator
from tests.support.closing import closing
from tests.support.moving import MONDAY, QUARTER, Month

OCTOBER_END, OCTOBER_CLOSE = "2026-10-25", datetime(2026, 10, 26, 22, tzinfo=UTC)
NEXT_MORNING = datetime(2026, 10, 26, 10, tzinfo=UTC)


@pytest.fixture
def month(msp, tmp_path):
    """An MSP whose Microsoft 365 seats move at once."""
    return Month(msp, tmp_path)


def final_units(msp) -> dict[str, Decimal]:
    return {line["line_id"]: Decimal(line["units"]) for line in msp.box.control.lines()}


def test_a_change_is_written_once_in_the_period_and_the_close_does_not_repeat_it(month):
    """Debounced in the period, from its first day on; the close finds it there and writes what is left."""
    before = month.settled()
    month.seats("HZEL", "8")

    young = month.changes()
    assert (month.audit(before), "KS212" in young.codes()) == ([], True)
    month.changes()
    (written,) = month.audit(before)
    assert written[1:] == (Decimal(3), Decimal(8))
    assert month.msp.box.control.audit()[-1]["effective_date"] == "2026-10-26"
    month.changes()
    assert len(month.audit(before)) == 1

    month.close()
    lines = [line for line, _, _ in month.audit()]
    assert lines.count(written[0]) == 1
    assert len(lines) == len(set(lines)) > before + 1
    again = len(lines)
    month.close("again")
    assert len(month.audit()) == again


def test_after_the_month_the_lines_are_what_the_close_alone_would_have_made(month, tmp_path):
    """Whether the changes DAG ran, paused in the middle, or never ran: the same lines in the end."""
    for quantity in ("8", "2", "11"):
        month.seats("HZEL", quantity)
        month.seats("LARK", quantity)
        for _ in range(3):
            month.changes()
    month.seats("FJRD", "9")  # after this the changes DAG is paused
    month.close()
    units, audit = final_units(month.msp), month.audit()

    (tmp_path / "alone").mkdir()
    with closing(tmp_path / "alone") as other:
        alone = Month(other, tmp_path / "alone")
        for customer, quantity in (("HZEL", "11"), ("LARK", "11"), ("FJRD", "9")):
            alone.seats(customer, quantity)
        alone.close()
        assert units == final_units(other)

    chain: dict[str, Decimal] = {}
    for line, was, becomes in audit:
        assert chain.get(line, was) == was  # every write starts from what the one before it left
        assert was != becomes
        chain[line] = becomes


def test_a_change_that_is_undone_within_the_debounce_is_never_written(month):
    """Somebody tries something in the vendor's portal and takes it back."""
    before = month.settled()
    month.seats("HZEL", "80")
    month.changes()
    month.seats("HZEL", "3")
    month.changes()
    month.changes()

    assert month.audit(before) == []


def test_a_change_that_is_undone_later_is_written_back_once(month):
    """The same figures come again, and are new changes all the same."""
    before = month.settled()
    for quantity in ("8", "3", "8", "3"):
        month.seats("HZEL", quantity)
        month.changes()
        month.changes()
    month.close()

    line = month.audit(before)[0][0]
    assert [entry[1:] for entry in month.audit(before) if entry[0] == line] == [
        (Decimal(3), Decimal(8)),
        (Decimal(8), Decimal(3)),
        (Decimal(3), Decimal(8)),
        (Decimal(8), Decimal(3)),
    ]


@pytest.mark.parametrize(("prorate", "day"), [(True, "2026-11-12"), (False, "2026-10-26")])
def test_a_change_is_dated_with_the_day_on_which_it_was_first_seen(msp, tmp_path, prorate, day):
    """Seen just before midnight and written just after it; without proration the period's first day is sent."""
    month = Month(msp, tmp_path, prorate=prorate)
    before = month.settled()
    month.seats("HZEL", "8")
    month.at = datetime(2026, 11, 12, 23, 30, tzinfo=UTC)
    month.changes()
    month.changes(after=timedelta(hours=1))

    (entry,) = month.msp.box.control.audit()[before:]
    assert (entry["after"], entry["effective_date"]) == ("8", day)
    month.close()
    assert [entry["line_id"] for entry in month.msp.box.control.audit()].count(entry["line_id"]) == 1


def test_usage_that_is_gone_is_set_to_zero_in_the_period_only_where_it_moves_then(month):
    """Zeroing obeys the debounce and the kinds like every change."""
    before = month.settled()
    month.close("october", at=MONDAY, billing_period=OCTOBER_END)  # so that lines of both kinds are managed
    before = len(month.audit())
    usage = [row for row in month.msp.box.control.usage("2026-11-25") if row["customer_code"] == "HZEL"]
    assert {row["sku"] for row in usage} > {"MS365-BP"}
    month.seats("HZEL", "", gone=True)
    for row in usage:
        if not row["sku"].startswith("MS365"):
            month.msp.box.control.edit_usage("HZEL", row["sku"], period_end="2026-11-25", gone=True)
    month.changes()
    assert month.audit(before) == []
    month.changes()

    assert [becomes for _, _, becomes in month.audit(before)] == [Decimal(0)]
    month.close()
    zeroed = [line for line, _, becomes in month.audit(before) if becomes == 0]
    assert len(zeroed) == len(set(zeroed)) > 1


def test_a_run_of_the_next_period_before_the_close_is_not_taken_back_by_it(month):
    """Both orders: the line belongs to the new period by then, and the old one's figure stood until its end."""
    month.at = NEXT_MORNING - timedelta(days=2)
    month.changes()
    month.changes(review="guards")  # October's seats
    month.at = NEXT_MORNING
    month.changes()
    month.changes(review="guards")  # November's seats, before October is closed
    before = len(month.audit())
    seats_lines = {line for line, _, _ in month.audit()}
    run = month.close("october", at=OCTOBER_CLOSE, billing_period=OCTOBER_END)

    assert seats_lines.isdisjoint(line for line, _, _ in month.audit(before))
    assert [f.message for f in run.findings() if f.number == 214] == []
    month.changes()
    month.changes()
    assert seats_lines.isdisjoint(line for line, _, _ in month.audit(before))


def test_the_close_before_the_run_of_the_next_period_comes_to_the_same(month, tmp_path):
    """Whichever comes first, the lines that move at once hold the new period's figures in the end."""

    def both(one: Month, *, close_first: bool) -> dict[str, Decimal]:
        one.at = NEXT_MORNING - timedelta(days=2)
        one.changes()
        one.changes(review="guards")
        if close_first:
            one.close("october", at=OCTOBER_CLOSE - timedelta(hours=18), billing_period=OCTOBER_END)
        one.at = NEXT_MORNING
        one.changes()
        one.changes(review="guards")
        if not close_first:
            one.close("october", at=OCTOBER_CLOSE, billing_period=OCTOBER_END)
        return final_units(one.msp)

    expected = both(month, close_first=True)
    (tmp_path / "other").mkdir()
    with closing(tmp_path / "other") as other:
        assert both(Month(other, tmp_path / "other"), close_first=False) == expected


def test_a_run_inside_the_period_and_a_close_never_work_side_by_side(month):
    """The close says who is at work and is tried again; the changes DAG ends quietly."""
    month.settled()
    close = month.msp.run("october", billing_period=OCTOBER_END)
    close.plan()
    inside = month.msp.run("c", run_after=month.at, billing_period="Current", dag_id="atria_to_kaseya_bms_changes")
    with pytest.raises(Exception, match="atria_to_kaseya_bms/october works on"):
        inside.resolve()

    close.ledger.locks.release(close.ledger.locks.holder(close.run["tenant"], datetime(2026, 9, 26).date()))
    inside.resolve()
    with pytest.raises(Exception, match="atria_to_kaseya_bms_changes/c works on"):
        close.map_and_diff()


def test_the_changes_dag_skips_its_tasks_where_another_run_is_at_work(month, monkeypatch):
    """Nothing failed and nothing is missing: no report, no mail, no row in the history."""
    month.settled()
    month.msp.run("october", billing_period=OCTOBER_END).plan()
    run = month.msp.run("c", run_after=month.at, billing_period="Current", dag_id="atria_to_kaseya_bms_changes")
    operator = ResolveChangesOperator(task_id="resolve_period", settings=month.msp.settings)
    skipped = []
    monkeypatch.setattr(operator, "skip", lambda *, ti, tasks: skipped.append(list(tasks)))
    run.context["task"] = operator

    assert operator.work(run.context) == {}
    assert skipped == [[]]  # it is alone here; in the DAG these are all tasks that follow
    assert run.ledger.runs.find(run.run_key) is None
    with pytest.raises(LockHeld):
        super(ResolveChangesOperator, operator).work(run.context)


def test_a_line_that_goes_to_and_fro_waits_for_the_close_where_a_person_is_asked(month):
    """The changes DAG asks nobody; what is held is told, and nothing else waits for it."""
    month.msp.change(guards=type(month.msp.settings.guards)(flap_max=2))
    before = month.settled()
    for quantity in ("8", "9", "10"):
        month.seats("HZEL", quantity)
        if quantity == "10":
            month.seats("FJRD", "7")
        month.changes()
        run = month.changes()

    assert [becomes for _, _, becomes in month.audit(before)] == [Decimal(8), Decimal(9), Decimal(7)]
    assert {"KS213", "KS141"} <= run.codes()
    month.close()  # asks, and is approved
    assert Decimal(10) in [becomes for _, _, becomes in month.audit(before)]


def test_a_run_inside_the_period_does_not_count_as_its_close(month):
    """Neither the watch nor the guard on record counts takes it for one."""
    month.settled()
    run = month.changes()

    assert run.ledger.runs.find(run.run_key).mode == "in period"
    later = datetime(2026, 12, 26).date()
    assert run.ledger.snapshots.recent_record_counts("atria_to_kaseya_bms", later, 3) == []
    month.close()
    assert len(run.ledger.snapshots.recent_record_counts("atria_to_kaseya_bms", later, 3)) == 1


def test_a_source_that_shows_far_fewer_records_than_on_earlier_days_is_held(month):
    """The debounce lets a lasting fault of the source through; the days before do not."""
    month.settled()
    for _ in range(2):
        month.changes(after=timedelta(days=1))
    before = len(month.audit())
    rows = month.msp.box.control.usage("2026-11-25")
    customers = sorted({row["customer_code"] for row in rows} - {"HZEL"})
    for customer in customers[: len(customers) // 2]:
        month.msp.box.control.edit_usage(customer, None, period_end="2026-11-25", gone=True)
    month.seats("HZEL", "8")
    month.changes(after=timedelta(days=1))
    run = month.changes()

    assert month.audit(before) == []
    told = next(finding.message for finding in run.findings() if finding.code == "KS118")
    assert "earlier days of the period had 1103, 1103" in told


def test_people_get_a_mail_about_what_is_new_and_not_every_quarter_of_an_hour(month, monkeypatch):
    """The same warning of the run before is no news."""
    from billing_providers.operators.report_changes import ReportChangesOperator
    from billing_providers.steps import report_run, tell_news

    mails = []
    monkeypatch.setattr(report_run, "send_result", lambda settings, *_, **__: mails.extend(settings.notify))
    monkeypatch.setattr(tell_news, "send_result", lambda settings, record, *_, **__: mails.append(record.run_key))
    monkeypatch.setattr("tests.support.pipeline.ReportRunOperator", ReportChangesOperator)
    month.msp.change(notify=("ann@msp.example",))

    runs = [month.changes(), month.changes(review="guards"), month.changes(after=QUARTER)]
    month.seats("HZEL", "900")
    month.changes()
    runs += [month.changes(), month.changes()]  # held, and still held

    assert mails[0] == runs[0].run_key
    assert runs[2].run_key not in mails
    assert mails[-1] == runs[3].run_key  # not the one after it
