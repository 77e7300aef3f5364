"""After old readings are thinned, every later question has the answer that it had without retention."""

from __future__ import annotations

import os
import random
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from airflow.sdk.exceptions import AirflowException

from billing_providers.errors import LedgerError
from billing_providers.ledger.ledger import Ledger
from billing_providers.operators.check_setup import CheckSetupOperator
from billing_providers.steps.billing_gate import billing_gate
from billing_providers.steps.step import BillingStep
from tests.support.chosen_ledger import chosen_ledger
from tests.support.closing import Closing
from tests.support.every_psa import Tenant
from tests.support.moving import Month
from tests.support.pipeline import Pipeline
from tests.support.undoing import Undoing
from tests.support.watching import watched

OCTOBER, OCTOBER_END, OCTOBER_CLOSE = date(2026, 9, 26), "2026-10-25", datetime(2026, 10, 26, 22, tzinfo=UTC)
NOVEMBER_END, NOVEMBER_CLOSE = "2026-11-25", datetime(2026, 11, 26, 22, tzinfo=UTC)
MUCH_LATER = datetime(2027, 6, 1, tzinfo=UTC)
CUSTOMERS = ("HZEL", "LARK", "FJRD")


def october(msp: Closing, folder: Path, seed: int) -> tuple[Month, list[Pipeline], Pipeline]:
    """A month whose seats move at random inside the period, and its close; return its runs."""
    chance = random.Random(seed)
    month = Month(msp, folder, prorate=bool(seed % 2))
    month.at = datetime(2026, 10, 5, 10, tzinfo=UTC)
    month.settled()
    inside = []
    for _ in range(4):
        month.seats(chance.choice(CUSTOMERS), str(chance.randint(1, 40)), period_end=OCTOBER_END)
        inside += [month.changes(after=timedelta(hours=chance.randint(1, 60))), month.changes()]
    return month, inside, month.close("october", at=OCTOBER_CLOSE, billing_period=OCTOBER_END)


def planned(run: Pipeline) -> Any:
    """Plan, give the lock back, and return the diff."""
    diff = run.ledger.diffs.load(run.plan()["digest"])
    lock = run.ledger.locks.holder(run.run["tenant"], date.fromisoformat(run.run["period"]["start"]))
    assert lock is not None
    run.ledger.locks.release(lock)
    return diff


def answers(month: Month, inside: list[Pipeline], close: Pipeline, folder: Path, url: str) -> dict[str, Any]:
    """Ask everything that runs, people and the watch may ask later, of one ledger; nothing is written to the PSA."""
    settings, now = month.msp.settings, NOVEMBER_CLOSE

    def ask(run_id: str, **params: Any) -> Any:
        at = params.pop("at", now)
        with patch.object(BillingStep, "now", lambda _: at):
            return planned(Pipeline(settings, run_id=run_id, run_after=at, dry_run=True, **params))

    said: dict[str, Any] = {}
    with patch.dict(os.environ, {"AIRFLOW_CONN_BILLING_LEDGER": url}), Ledger.at(url) as ledger:
        for run in (close, *inside):
            run.run = {**run.run, "ledger_id": ledger.ledger_id}
        said["next period"] = ask("later", billing_period=NOVEMBER_END)
        said["inside the next period"] = ask("inside", billing_period="Current", at=now - timedelta(days=10))
        said["the same period again"] = ask("again", billing_period=OCTOBER_END)
        said["its failures again"] = ask("failed", billing_period=OCTOBER_END, failed_only=True)
        for number, run in enumerate((close, *inside)):
            undoing = Undoing(settings, run.run_key, run_id=f"undo-{number}", dry_run=True)
            said[f"undo of {run.run_key}"] = ledger.diffs.load(undoing.plan()["digest"])
            undoing.report()
            said[f"customers of undo of {run.run_key}"] = ledger.runs.customers(undoing.run_key)
        said["drift"] = {
            key: told for key, told in watched(Tenant("kaseya_bms", month.msp)).items() if key != "list_uri"
        }
        said["gate"] = billing_gate(ledger, settings.integration, OCTOBER)
        with suppress(AirflowException):
            close.report()
        said["reconciliation"] = close.context["ti"].xcoms.get(("", "return_value")) or close.report()
        said["chain"] = ledger.journal.verify(close.run["tenant"])
        said["journal"] = ledger.journal.entries(close.run["tenant"])
        said["evidence"] = {
            change.change_id: ledger.charges.evidence(
                run.diff["charge_set_id"]
                if "charge_set_id" in run.diff
                else ledger.diffs.load(run.diff["digest"]).charge_set_id,
                change.charge_nos,
            )
            for run in (close, *inside)
            for change in ledger.diffs.load(run.diff["digest"]).changes
            if change.change_id in ledger.journal.states(run.diff["digest"])
        }
    return said


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_asked_later_has_the_same_answer_as_without_retention(msp: Closing, tmp_path: Path, seed: int) -> None:
    """Plans of later periods, of this one and inside one, undo of every run, drift, gate, reconciliation, evidence."""
    month, inside, close = october(msp, tmp_path, seed)
    url, copy = chosen_ledger(tmp_path), f"sqlite:///{tmp_path}/thinned.sqlite"
    audit = len(month.audit())
    with Ledger.at(url) as whole, Ledger.at(copy) as thin:
        whole.archives.export(tmp_path / "ledger.zip")
        thin.archives.restore(tmp_path / "ledger.zip")
        thinned = thin.retention.thin(MUCH_LATER, 1)
        assert len(thinned) >= 3
        assert sum(reading.removed for reading in thinned) > 2_000 * len(thinned)
        with pytest.raises(LedgerError, match="retention thinned it"):
            thin.snapshots.load(thinned[0].snapshot_id)

    with_all = answers(month, inside, close, tmp_path, url)
    without = answers(month, inside, close, tmp_path, copy)

    assert with_all["evidence"]
    assert with_all["next period"].changes
    for asked, answer in with_all.items():
        assert without[asked] == answer, asked
    assert with_all["chain"] == []
    assert len(month.audit()) == audit


def test_the_watch_thins_once_a_day_where_the_connection_says_so(
    msp: Closing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra nothing goes; with it the daily look ahead thins, and a ledger that refuses is a finding."""
    _, inside, _ = october(msp, tmp_path, 1)
    dag_run = SimpleNamespace(dag_id=f"{msp.settings.integration}_watch", run_id="today")
    context: Any = {"dag_run": dag_run, "params": {}}
    url = chosen_ledger(tmp_path)

    def watch() -> list[str]:
        with suppress(AirflowException):
            CheckSetupOperator(task_id="check_setup", settings=replace(msp.settings, notify=())).execute(context)
        return [finding.code for _, finding in inside[0].ledger.findings.of_run(dag_run.dag_id)]

    def thinned() -> int:
        with Ledger.at(url) as ledger, ledger._store.reading("count") as transaction:
            return int(transaction.connection.exec_driver_sql("SELECT COUNT(*) FROM billing_thinned").scalar_one())

    watch()
    assert thinned() == 0

    monkeypatch.setenv("AIRFLOW_CONN_BILLING_LEDGER", f"{url}{'&' if '?' in url else '?'}keep_readings_days=1")
    with patch("billing_providers.ledger.retention.Retention.thin", side_effect=LedgerError("disk full")):
        assert "KS228" in watch()
    assert thinned() == 0
    assert "KS228" not in watch()
    assert thinned() >= 9
