"""Runs the push task once in a process of its own, so that a test can kill it: ``python -m tests.survival.push_once``.

Standard input: the integration and the outputs of the tasks before it, as JSON. The environment holds the connections.
"""

from __future__ import annotations

import json
import sys
from unittest.mock import patch

from billing_providers.push import landing
from tests.support.closing import shipped_settings
from tests.support.pipeline import Pipeline


def main() -> int:
    wish = json.load(sys.stdin)
    run = Pipeline(shipped_settings(wish["integration"]), run_id=wish["run_id"])
    run.run, run.diff = wish["run"], wish["diff"]
    with patch.object(landing, "LANDS_S", 0.5):  # the simulated PSA has answered long before
        run.push()
    return 0


if __name__ == "__main__":
    sys.exit(main())
