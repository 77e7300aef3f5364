"""All benchmarks, one after the other: ``python -m benchmarks``. Takes some minutes; nothing else should run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"}
    ledger = ("ledger", "ledger_size", "ledger_care")
    for name in ("parse", "plugin", "rules", "planning", *ledger, "pages M", "http_calls", "push", "shared_limits"):
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, "-m", *f"benchmarks.{name}".split()], cwd=ROOT, env=environment, check=True)


if __name__ == "__main__":
    main()
