"""What the pages cost at the server: ``python -m benchmarks.pages [S|M|L] [URL of an empty database]``.

Without a URL the ledger is a SQLite file that is removed afterwards. Each figure is the median of five requests to
Airflow's own application in this process, sign-in and rights included, after one that is not counted; the largest of
the five stands beside it.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.pages_ledger import DAG, SIZES, digest, fill, period
from tests.support.airflow_env import migrate_airflow, use_temporary_airflow

REPEATS = 5
LIMIT_MS = 300
NEWEST = 35
RUN = f"dag_id={DAG}&run_id=close+{period(NEWEST)[0]}"
#: What is asked, by what people know it as.
PATHS = {
    "Close": "/close",
    "Close, a period": f"/close/{DAG}",
    "Close, a customer": f"/close/{DAG}?words=customer+17+",
    "Review": f"/review/{DAG}/{digest(NEWEST)}",
    "Review, accounts": f"/review/{DAG}/{digest(NEWEST)}?show=accounts",
    "Review, unchanged": f"/review/{DAG}/{digest(NEWEST)}?show=unchanged",
    "Findings": "/findings",
    "Findings, words": "/findings?words=customer+17",
    "Findings, page 20": "/findings?page=20&sort=customer",
    "Findings by cause": "/findings?group=cause",
    "Findings by customer": "/findings?group=customer",
    "Findings, an old period": f"/findings?period={period(3)[0]}",
    "Finding over periods": f"/findings/{DAG}/cause/cause-17",
    "History": "/history",
    "History, a customer": "/history?words=customer+17+",
    "History, every customer": "/history?words=ltd",
    "Run, customers": f"/run?{RUN}",
    "Run, lines": f"/run?{RUN}&show=lines",
    "Run, lines with words": f"/run?{RUN}&show=lines&words=customer+17+",
    "Run, last lines": f"/run?{RUN}&show=lines&page=15",
    "Run, findings": f"/run?{RUN}&show=findings",
    "Line": f"/history/{DAG}/line/line-17",
    "Line that changed": f"/history/{DAG}/line/line-5",
}


def main(size: str = "S", url: str = "") -> None:
    use_temporary_airflow()
    with tempfile.TemporaryDirectory() as folder:
        url = url or f"sqlite:///{Path(folder)}/ledger.sqlite"
        start = time.perf_counter()
        fill(url, SIZES[size])
        kind = url.partition(":")[0]
        print(f"{size} in {kind}: {SIZES[size]}, filled in {time.perf_counter() - start:.0f} s", flush=True)
        os.environ["AIRFLOW_CONN_BILLING_LEDGER"] = url
        migrate_airflow()
        measure()


def measure() -> None:
    from tests.support.pages import ADMIN, client, know_shipped_dags

    know_shipped_dags()
    person = client(ADMIN)
    for name, path in PATHS.items():
        taken = []
        for _ in range(REPEATS + 1):
            start = time.perf_counter()
            answer = person.get(f"/billing{path}")
            taken.append((time.perf_counter() - start) * 1000)
            assert answer.status_code == 200, (path, answer.status_code, answer.text[-500:])
        middle, most = statistics.median(taken[1:]), max(taken[1:])
        print(f"{name:26} {middle:7.0f} ms {most:7.0f} ms{'  TOO SLOW' if middle > LIMIT_MS else ''}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
