"""Closes a period of a realistic MSP, twice, for every integration, in a real Airflow against the sandbox."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from scripts.airflow_api import ENDED, AirflowApi
from scripts.airflow_cluster import ROOT
from scripts.local_airflow import LocalAirflow
from scripts.local_processes import end_on_sigterm

# Each integration with the PSA that it writes to, in the order in which the demo closes them.
INTEGRATIONS = {
    "atria_to_kaseya_bms": "kaseya_bms",
    "sherweb_to_kaseya_bms": "kaseya_bms",
    "msp360_to_connectwise": "connectwise",
    "rcloud_to_connectwise": "connectwise",
    "kaseya_modules_to_autotask": "autotask",
}
REVIEW = "review_diff"
HOME = ROOT / ".demo"

Entry = tuple[str, str, str]  # line, field, value after


def main(chosen: list[str]) -> int:
    """Run the demo; return 0 when no second run changed anything and the PSAs' own logs equal the diffs."""
    end_on_sigterm()
    unknown = set(chosen) - set(INTEGRATIONS)
    if unknown:
        print(f"no integration {', '.join(sorted(unknown))}; there are: {', '.join(INTEGRATIONS)}", file=sys.stderr)
        return 2
    say("Starting simulated vendors and PSAs, and a project-local Airflow (about half a minute) …")
    try:
        with LocalAirflow(HOME) as airflow:
            # The ledger is read by this process, with the same settings as the tasks.
            os.environ.update(airflow.environment)
            started = time.monotonic()
            good = [close_the_period(airflow, dag_id) for dag_id in chosen or INTEGRATIONS]
            say(f"All runs took {time.monotonic() - started:.0f} s. Ending everything that was started …")
            return 0 if all(good) else 1
    except (RuntimeError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 1


def close_the_period(airflow: LocalAirflow, dag_id: str) -> bool:
    """Run the scheduled run of the closed period, then the same period again by hand; tell whether all is well."""
    from billing_providers.ledger.connect import open_ledger
    from scripts.run_account import print_run

    api = AirflowApi(airflow.url, airflow.user, airflow.password)
    before = audit(airflow, INTEGRATIONS[dag_id])
    api.unpause(dag_id)
    first = scheduled_run(api, dag_id)
    say(f"{dag_id}, first run: Airflow scheduled the period that just closed ({first})")
    finish(api, dag_id, first)
    ledger = open_ledger("billing_ledger")
    print_run(ledger, f"{dag_id}/{first}")
    applied = audit(airflow, INTEGRATIONS[dag_id])[len(before) :]
    agrees = sorted(applied) == sorted(entries_of_diff(ledger, api.xcom(dag_id, first, "map_and_diff")["digest"]))
    verdict = "exactly" if agrees else "NOT"
    print(f"  proof     the PSA's own audit log has {len(applied)} entries, {verdict} those of the diff")
    period = api.xcom(dag_id, first, "resolve_period")["period"]["start"]

    second = api.trigger(dag_id, billing_period=period)
    say(f"{dag_id}, second run: the same period again, triggered by hand ({second})")
    finish(api, dag_id, second)
    print_run(ledger, f"{dag_id}/{second}", explain=False)
    new = len(audit(airflow, INTEGRATIONS[dag_id])) - len(before) - len(applied)
    print(f"  proof     the PSA's own audit log has {new} new entries")
    return agrees and bool(applied) and new == 0


def scheduled_run(api: AirflowApi, dag_id: str) -> str:
    """Return the run that Airflow schedules by itself once the DAG is unpaused."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        runs = [run for run in api.runs(dag_id) if run["run_type"] == "scheduled"]
        if runs:
            return str(runs[-1]["dag_run_id"])
        time.sleep(1)
    raise TimeoutError(f"Airflow scheduled no run of {dag_id} within two minutes")


def finish(api: AirflowApi, dag_id: str, run_id: str) -> None:
    """Wait until a run ends; answer its review as a person would."""
    state = api.wait(dag_id, run_id, until={*ENDED, "awaiting_input"})
    if state == "awaiting_input":
        print("  asked     guards hold some changes, so a person is asked; answering 'Approve' as admin")
        state = api.finish(dag_id, run_id, review=REVIEW)
    print(f"  Airflow   run ended with state {state}; tasks: {api.tasks(dag_id, run_id)}")


def audit(airflow: LocalAirflow, psa: str) -> list[Entry]:
    """Return what a simulated PSA really applied, in order."""
    query = urlencode({"system": psa})
    with urlopen(f"{airflow.sandbox_url}/_sandbox/audit?{query}", timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return [(str(entry["line_id"]), entry["field"], str(entry["after"])) for entry in found]


def entries_of_diff(ledger: Any, digest: str) -> Iterator[Entry]:
    """Yield what a diff wants to be applied, field by field and number by number."""
    from billing_providers.model.decimals import text_from_decimal

    for change in ledger.diffs.load(digest).changes:
        if change.quantity_after != change.quantity_before:
            yield change.line_id, "units", text_from_decimal(change.quantity_after)
        for field in change.fields:
            yield change.line_id, field.field.value, field.after


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n{text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
