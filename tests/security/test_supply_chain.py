"""What the product is made of is written down, and an audit that could not ask anybody is not green."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from scripts.sbom_check import unpinned
from tests.support.airflow_env import ROOT

OUTSIDE_OF_MAKE = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}


def audited(tmp_path: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run ``make audit`` with another program as the auditor, and nothing to install."""
    auditor, ready = tmp_path / "auditor", tmp_path / "ready"
    auditor.write_text(f"#!/bin/sh\n{script}\n")
    auditor.chmod(0o755)
    ready.write_text("")
    command = ["make", "audit", f"AUDITOR={auditor}", f"AUDIT_READY={ready}"]
    os.utime(ready, (4_000_000_000, 4_000_000_000))
    return subprocess.run(command, cwd=ROOT, env=OUTSIDE_OF_MAKE, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "script", ["echo 'idna 2.0 PYSEC-1'; exit 1", "echo 'no route to host' >&2; exit 2", "exit 127"]
)
def test_an_audit_that_finds_something_or_cannot_ask_fails_loudly(tmp_path: Path, script: str) -> None:
    """Nothing known is not the same as nothing wrong."""
    done = audited(tmp_path, script)

    assert done.returncode != 0
    assert "NOT CLEAN" in done.stdout
    assert "the audit has to be run where the network allows it" in done.stdout


def test_an_audit_asks_about_every_pin_and_skips_none(tmp_path: Path) -> None:
    """``--strict``: a version that could not be looked up is a failure; by default it would be passed over."""
    done = audited(tmp_path, f'echo "$@" > {tmp_path}/asked; exit 0')
    asked = (tmp_path / "asked").read_text().split()

    assert done.returncode == 0
    assert {"--strict", "constraints.txt"} <= set(asked)
    assert asked[asked.index("--vulnerability-service") + 1] == "osv"
    assert [word for word in asked if word.startswith(("--ignore", "--dry"))] == []


def test_the_tools_of_the_audit_are_pinned_and_stay_out_of_the_environment() -> None:
    """They bring another XML library, with which workbooks would be read otherwise than by users."""
    lines = (ROOT / "constraints-audit.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower()

    assert all(re.fullmatch(r"[\w.-]+==[\w.+!-]+", pin) for pin in pins)
    assert {pin.partition("==")[0] for pin in pins} == {"cyclonedx-bom", "pip_audit"}
    assert "lxml" not in constraints
    assert "defusedxml==" in constraints


def test_ci_writes_the_bill_of_materials() -> None:
    """Each commit, in CI's own environment; the audit is run where the network allows."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    steps = re.search(r"^steps=\((.*)\)$", script, re.MULTILINE)

    assert steps is not None
    assert "sbom" in steps[1].split()
    assert "make sbom;" in script
    assert "make audit;" in script


def bill(*parts: tuple[str, str]) -> str:
    return json.dumps({"bomFormat": "CycloneDX", "components": [{"name": name, "version": v} for name, v in parts]})


def test_a_bill_that_tells_another_version_is_refused() -> None:
    """Names are compared as installers do; versions exactly; an empty bill proves nothing."""
    pins = "# a remark\nPyYAML==6.0.3\ntyping_extensions==4.16.0\nuv==0.13.9\n"

    assert unpinned(bill(("pyyaml", "6.0.3"), ("typing-extensions", "4.16.0"), ("pip", "25.0")), pins) == []
    assert unpinned(bill(("pyyaml", "6.0.2"), ("left-pad", "1.0")), pins) == ["pyyaml==6.0.2", "left-pad==1.0"]
    for empty in ("{}", bill()):
        with pytest.raises(ValueError, match="no CycloneDX bill of materials with parts"):
            unpinned(empty, pins)
