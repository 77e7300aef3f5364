"""Fails where a bill of materials tells another version than is pinned: ``python -m scripts.sbom_check FILE``."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_OF_THE_ENVIRONMENT = {"pip", "setuptools", "wheel"}  # not pinned, see scripts/freeze


def unpinned(bill: str, pins: str) -> list[str]:
    """Return the parts of a CycloneDX bill that are not pinned with exactly that version.

    :raises ValueError: for a text that is no CycloneDX bill, or one without parts.
    """
    told = json.loads(bill)
    if not isinstance(told, dict) or told.get("bomFormat") != "CycloneDX" or not told.get("components"):
        raise ValueError("this is no CycloneDX bill of materials with parts")
    parts = [(part["name"], part.get("version", "")) for part in told["components"]]
    pinned = {_normal(line.strip()) for line in pins.splitlines() if not line.startswith("#")}
    return [
        f"{name}=={version}"
        for name, version in parts
        if _normal(f"{name}=={version}") not in pinned and name not in _OF_THE_ENVIRONMENT
    ]


def main(path: str) -> int:
    """Check a file against constraints.txt; return the exit code."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    wrong = unpinned(Path(path).read_text(encoding="utf-8"), pins)
    for part in wrong:
        print(f"{path}: {part} is not what constraints.txt pins")
    if not wrong:
        print(f"{path}: every part is pinned with its version")
    return 1 if wrong else 0


def _normal(pin: str) -> str:
    name, _, version = pin.partition("==")
    return f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
