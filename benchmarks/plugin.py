"""What the plugin adds to the start of Airflow's components: ``python -m benchmarks.plugin``.

Every component loads every plugin; only the API server serves pages. In one process, by turns: our plugin's module is
imported anew, and so is a plugin that registers nothing.
"""

from __future__ import annotations

import importlib
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.support.airflow_env import use_temporary_airflow

REPEATS = 30
LIMIT_MS = 50
OURS, EMPTY = "billing_providers.plugin", "bench_empty_plugin"
EMPTY_PLUGIN = """from airflow.plugins_manager import AirflowPlugin


class EmptyPlugin(AirflowPlugin):
    name = "empty"
"""


def main() -> None:
    use_temporary_airflow()
    for there in ("airflow.plugins_manager", "airflow.timetables.base"):  # in every component before its plugins are
        importlib.import_module(there)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{EMPTY}.py").write_text(EMPTY_PLUGIN, encoding="utf-8")
        sys.path.insert(0, folder)
        first = _import_ms(OURS)
        taken: dict[str, list[float]] = {OURS: [], EMPTY: []}
        for _ in range(REPEATS):
            for name, times in taken.items():
                times.append(_import_ms(name))
    ours, empty = (statistics.median(times) for times in taken.values())
    late = "" if ours - empty <= LIMIT_MS else "  TOO SLOW"
    print(f"our plugin {ours:.1f} ms ({first:.1f} ms the first time), an empty one {empty:.1f} ms{late}")


def _import_ms(name: str) -> float:
    root = name.partition(".")[0]
    for known in [one for one in sys.modules if one.partition(".")[0] == root]:
        del sys.modules[known]
    importlib.invalidate_caches()
    start = time.perf_counter()
    importlib.import_module(name)
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
