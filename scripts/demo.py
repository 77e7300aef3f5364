"""Closes a billing period of a realistic MSP, twice, in a real Airflow against the sandbox, and says what happened."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any
from urllib.request import urlopen

from scripts.airflow_api import ENDED, AirflowApi
from scripts.local_airflow import ROOT, LocalAirflow
from scripts.local_processes import end_on_sigterm

DAG_ID = "atria_to_kaseya_bms"
REVIEW = "review_diff"
HOME = ROOT / ".demo"


def main() -> int:
    """Run the demo; return 0 when the second run changed nothing and the PSA's own log equals the diff."""
    end_on_sigterm()
    say("Starting a simulated Atria and Kaseya BMS, and a project-local Airflow (about half a minute) …")
    try:
        with LocalAirflow(HOME) as airflow:
            # The ledger is read by this process, with the same settings as the tasks.
            os.environ.update(airflow.environment)
            return close_the_period(airflow)
    except (RuntimeError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 1


def close_the_period(airflow: LocalAirflow) -> int:
    """Run the scheduled run of the closed period, then the same period again by hand."""
    from billing_providers.ledger.connect import open_ledger
    from scripts.run_account import print_run

    api = AirflowApi(airflow.url, airflow.user, airflow.password)
    started = time.monotonic()
    api.unpause(DAG_ID)
    first = scheduled_run(api)
    say(f"First run: Airflow scheduled the period that just closed ({first})")
    finish(api, first)
    ledger = open_ledger("billing_ledger")
    print_run(ledger, f"{DAG_ID}/{first}")
    applied = audit(airflow)
    digest = api.xcom(DAG_ID, first, "map_and_diff")["digest"]
    agrees = audit_equals_diff(ledger, digest, applied)
    verdict = "exactly" if agrees else "NOT"
    print(f"  proof     the PSA's own audit log has {len(applied)} writes, {verdict} those of the diff")
    period = api.xcom(DAG_ID, first, "resolve_period")["period"]["start"]

    second = api.trigger(DAG_ID, billing_period=period)
    say(f"Second run: the same period again, triggered by hand ({second})")
    finish(api, second)
    print_run(ledger, f"{DAG_ID}/{second}", explain=False)
    new = len(audit(airflow)) - len(applied)
    print(f"  proof     the PSA's own audit log has {new} new entries")
    say(f"Both runs took {time.monotonic() - started:.0f} s. Ending everything that was started …")
    return 0 if agrees and applied and new == 0 else 1


def scheduled_run(api: AirflowApi) -> str:
    """Return the run that Airflow schedules by itself once the DAG is unpaused."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        runs = [run for run in api.runs(DAG_ID) if run["run_type"] == "scheduled"]
        if runs:
            return str(runs[-1]["dag_run_id"])
        time.sleep(1)
    raise TimeoutError(f"Airflow scheduled no run of {DAG_ID} within two minutes")


def finish(api: AirflowApi, run_id: str) -> None:
    """Wait until a run ends; answer its review as a person would."""
    state = api.wait(DAG_ID, run_id, until={*ENDED, "awaiting_input"})
    if state == "awaiting_input":
        print("  asked     guards hold some changes, so a person is asked; answering 'Approve' as admin")
        state = api.finish(DAG_ID, run_id, review=REVIEW)
    print(f"  Airflow   run ended with state {state}; tasks: {api.tasks(DAG_ID, run_id)}")


def audit(airflow: LocalAirflow) -> list[dict[str, Any]]:
    """Return what the simulated PSA really applied."""
    with urlopen(f"{airflow.sandbox_url}/_sandbox/audit", timeout=10) as answer:
        found = json.load(answer)
    return list(found["audit"] if isinstance(found, dict) else found)


def audit_equals_diff(ledger: Any, digest: str, applied: list[dict[str, Any]]) -> bool:
    """Compare the PSA's audit log with the diff, line by line and number by number."""
    from billing_providers.model.decimals import decimal_from_text

    wanted = {(change.line_id, change.quantity_after) for change in ledger.diffs.load(digest).changes}
    written = [(str(entry["line_id"]), decimal_from_text(str(entry["after"]))) for entry in applied]
    return len(written) == len(wanted) and {(line, +after) for line, after in written} == wanted


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n{text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
