"""The commands that the pages name are the ones that exist, and the ones that CI runs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_pages_name_only_commands_that_exist():
    """Every ``make …`` in the README and CONTRIBUTING is a target with a description."""
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md"))
    named = {
        target
        for line in re.findall(r"^make ([a-z ]+?)(?: +#| +[A-Z_]+=|$)", text, re.MULTILINE)
        for target in line.split()
    }
    named |= set(re.findall(r"`make ([a-z]+)`", text))

    assert {"demo", "test", "airflow"} <= named
    assert named <= make_targets()


def test_ci_runs_the_readmes_commands():
    """What the README promises a newcomer is what CI proves on each commit."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    for target in ("setup", "lint", "types", "test", "demo"):
        assert f"make {target};" in script


def test_make_alone_explains_itself():
    """Somebody who types only ``make`` sees what there is, and nothing is installed."""
    outside_of_make = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    printed = subprocess.run(["make"], cwd=ROOT, env=outside_of_make, capture_output=True, text=True, check=True).stdout

    assert {line.split()[1] for line in printed.splitlines()} == make_targets()
