"""What the pages cost at the server: ``python -m benchmarks.pages [S|M|L] [URL of a database]``.

Without a URL the ledger is a SQLite file that is removed afterwards. An empty database is filled; one that an earlier
run of this has filled is measured again. Each figure is the median of five requests to
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

from benchmarks.pages_ledger import DAG, SIZES, Size, digest, fill, period
from tests.support.airflow_env import migrate_airflow, use_temporary_airflow

REPEATS = 5
LIMIT_MS = 300
NEWEST = 35
RUN = f"dag_id={DAG}&run_id=close+{period(NEWEST)[0]}"


def paths(size: Size) -> dict[str, str]:
    """Return what is asked, by what people know it as."""
    pages = size.lines // 10 // 100  # of the changes; unchanged lines have nine times as many
    return {
        "Close": "/close",
        "Close, a period": f"/close/{DAG}",
        "Close, a customer": f"/close/{DAG}?words=customer+17+",
        "Review": f"/review/{DAG}/{digest(NEWEST)}",
        "Review, accounts": f"/review/{DAG}/{digest(NEWEST)}?show=accounts",
        "Review, a customer": f"/review/{DAG}/{digest(NEWEST)}?words=customer+17+",
        "Review, last page": f"/review/{DAG}/{digest(NEWEST)}?page={pages}",
        "Review, unchanged": f"/review/{DAG}/{digest(NEWEST)}?show=unchanged",
        "Review, unchanged, middle": f"/review/{DAG}/{digest(NEWEST)}?show=unchanged&page={pages * 4}",
        "Review, unchanged, words": f"/review/{DAG}/{digest(NEWEST)}?show=unchanged&words=customer+17+",
        "Review, unchanged, any": f"/review/{DAG}/{digest(NEWEST)}?show=unchanged&words=ltd",
        "Review, skipped": f"/review/{DAG}/{digest(NEWEST)}?show=skipped",
        "Review of a run": f"/review?{RUN}",
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
        "Run, last lines": f"/run?{RUN}&show=lines&page={pages}",
        "Run, findings": f"/run?{RUN}&show=findings",
        "Mappings": "/mappings",
        "Mappings, a customer": "/mappings?words=customer+17+",
        "Mappings, customers": f"/mappings/{DAG}",
        "Mappings, SKUs": f"/mappings/{DAG}?kind=service",
        "Mappings, one": f"/mappings/{DAG}/one?subject=C17",
        "Mappings, the table": f"/mappings/{DAG}/table",
        "Dashboard": "/dashboard",
        "Dashboard by service": "/dashboard?by=service",
        "Dashboard, a customer": "/dashboard?by=customer&words=customer+17",
        "Dashboard, the numbers": "/dashboard/chart.csv?chart=trend",
        "Line": f"/history/{DAG}/line/line-17",
        "Line that changed": f"/history/{DAG}/line/line-5",
    }


def main(size: str = "S", url: str = "") -> None:
    use_temporary_airflow()
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"  # no line per request among the figures
    with tempfile.TemporaryDirectory() as folder:
        url = url or f"sqlite:///{Path(folder)}/ledger.sqlite"
        start = time.perf_counter()
        fill(url, SIZES[size])
        kind = url.partition(":")[0]
        print(f"{size} in {kind}: {SIZES[size]}, there after {time.perf_counter() - start:.0f} s", flush=True)
        os.environ["AIRFLOW_CONN_BILLING_LEDGER"] = url
        migrate_airflow()
        measure(SIZES[size])


def measure(size: Size) -> None:
    from tests.support.pages import ADMIN, client, know_shipped_dags

    know_shipped_dags()
    person = client(ADMIN)
    for name, path in paths(size).items():
        taken = []
        for _ in range(REPEATS + 1):
            start = time.perf_counter()
            answer = person.get(f"/billing{path}")
            taken.append((time.perf_counter() - start) * 1000)
            assert answer.status_code in {200, 307}, (path, answer.status_code, answer.text[-500:])
        middle, most = statistics.median(taken[1:]), max(taken[1:])
        print(f"{name:26} {middle:7.0f} ms {most:7.0f} ms{'  TOO SLOW' if middle > LIMIT_MS else ''}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
