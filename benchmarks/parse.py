"""What parsing the DAG file adds over an empty DAG, in the process that parses DAGs: each time a fresh one.

The DAG processor has Airflow's core loaded before it parses; so has the process measured here.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EMPTY = "from airflow.sdk import DAG\nwith DAG('empty', schedule=None) as dag:\n    pass\n"
PROBE = """
import sys, time, runpy
import airflow.sdk, airflow.dag_processing.dagbag, airflow.serialization.serialized_objects
from airflow.sdk import DAG, BaseOperator, Param
DAG("warm", schedule=None)
started = time.perf_counter()
runpy.run_path(sys.argv[1])
print((time.perf_counter() - started) * 1000, "pandas" in sys.modules, "fastapi" in sys.modules)
"""


def parse_ms(path: Path) -> tuple[float, str, str]:
    """Parse one file in a fresh process; return milliseconds, and whether pandas and FastAPI were imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(path)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    ms, pandas, fastapi = done.stdout.split()[-3:]
    return float(ms), pandas, fastapi


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        print(f"{'file':32} {'median ms':>10} {'over empty':>11}  pandas fastapi")
        base = 0.0
        for path in (empty, *sorted((ROOT / "dags").glob("*.py"))):
            runs = [parse_ms(path) for _ in range(7)]
            median = statistics.median(ms for ms, _, _ in runs)
            base = base or median
            print(f"{path.name:32} {median:10.1f} {median - base:11.1f}  {runs[0][1]:6} {runs[0][2]}")


if __name__ == "__main__":
    main()
