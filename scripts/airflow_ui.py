"""Starts the sandbox and an Airflow connected to it, to look at and click in. Ctrl-C ends everything."""

from __future__ import annotations

import sys
import time

from scripts.airflow_cluster import ROOT
from scripts.local_airflow import LocalAirflow
from scripts.local_processes import end_on_sigterm

READY = """
Airflow         {url}
user, password  {user}, {password}
sandbox         {sandbox_url} (simulated vendors and PSAs; what was applied: {sandbox_url}/_sandbox/audit)
logs            {log_folder}

What to click
  1. Dags > any of them, e.g. atria_to_kaseya_bms > Trigger, with "dry run" on: it plans, writes nothing, and reports.
  2. Trigger again without "dry run". Look at map_and_diff > XCom for the change list.
  3. review_diff waits under "Required Actions": read what the guards hold, approve or reject.
  4. push, verify and report follow. Trigger once more: nothing is left to do.
  5. Admin > Connections > kaseya_bms_default > Test: sign-in, rights, and how this tenant can be written to.

Ctrl-C ends Airflow and the sandbox.
"""


def main() -> int:
    """Run until Ctrl-C; return the exit status."""
    end_on_sigterm()
    print("Starting the sandbox and Airflow (about half a minute) ...", flush=True)
    try:
        with LocalAirflow(ROOT / ".airflow") as airflow:
            print(READY.format_map(vars(airflow)), flush=True)
            while True:
                airflow.check()
                time.sleep(1)
    except KeyboardInterrupt:
        print("\nEnded, and nothing is left running.")
        return 0
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
