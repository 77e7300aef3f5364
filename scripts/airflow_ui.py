"""Starts the sandbox and an Airflow connected to it, to look at and click in, and closes some periods for the pages.

Ctrl-C ends everything.
"""

from __future__ import annotations

import sys
import time

from scripts.airflow_api import AirflowApi
from scripts.airflow_cluster import ROOT
from scripts.closed_periods import ClosedPeriods
from scripts.local_airflow import LocalAirflow
from scripts.local_processes import end_on_sigterm

# One for each PSA; the others are left for a first run by hand.
FILLED = ("atria_to_kaseya_bms", "msp360_to_connectwise", "kaseya_modules_to_autotask")
LEFT_OPEN = "atria_to_kaseya_bms"
PERIODS = 3

READY = """
Airflow         {url}
user, password  {user}, {password}
sandbox         {sandbox_url} (simulated vendors and PSAs; what was applied: {sandbox_url}/_sandbox/audit)
logs            {log_folder}

You can sign in and look now. Meanwhile three integrations close their last three periods, so that the pages under
Billing have something to show (two to five minutes). Their reviews are approved as admin, but for the last one of
atria_to_kaseya_bms, which is left to you.
"""

FILLED_NOW = """
The pages are filled. What to click
  1. Billing: is the last period of each integration ready to invoice? Who is held, and why?
  2. Billing > History > Review of the newest run of atria_to_kaseya_bms: what changes, and what is held.
  3. From there to Airflow's own review task, to approve or reject. push, verify and report follow.
  4. Billing > Mappings: take a suggestion, see the table with it. Billing > Dashboard: amounts and trends.
  5. Dags > sherweb_to_kaseya_bms > Trigger, with "dry run" on: it plans, writes nothing, and reports.
  6. Admin > Connections > kaseya_bms_default > Test: sign-in, rights, and how this tenant can be written to.

Ctrl-C ends Airflow and the sandbox.
"""


def main() -> int:
    """Run until Ctrl-C; return the exit status."""
    end_on_sigterm()
    print("Starting the sandbox and Airflow (about half a minute) ...", flush=True)
    try:
        with LocalAirflow(ROOT / ".airflow") as airflow:
            print(READY.format_map(vars(airflow)), flush=True)
            fill(airflow)
            while True:
                airflow.check()
                time.sleep(1)
    except KeyboardInterrupt:
        print("\nEnded, and nothing is left running.")
        return 0
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1


def fill(airflow: LocalAirflow) -> None:
    """Close the last periods of an integration for each PSA, and tell each as it is closed."""
    api = AirflowApi(airflow.url, airflow.user, airflow.password)
    closed = ClosedPeriods(api, left_open={LEFT_OPEN}, tell=say, check=airflow.check)
    try:
        for dag_id in FILLED:
            closed.start(dag_id, PERIODS)
        closed.finish(dict.fromkeys(FILLED, PERIODS))
    except TimeoutError as error:  # a slow machine; what is closed can be looked at all the same
        say(f"  {error}")
    say(FILLED_NOW)


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
