"""The page of promises names tests that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "promises.md"
PROOF = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> list[tuple[str, list[tuple[str, str]]]]:
    """The promises of the page, each with its proofs."""
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| promise"):
            promise, _, proofs = line.strip("| ").partition(" | ")
            found.append((promise, PROOF.findall(proofs)))
    return found


def test_every_promise_has_a_proof_that_is_there() -> None:
    """A test that is renamed or taken away takes the promise with it."""
    promises = rows()
    missing = [
        f"{path}::{name}" for _, proofs in promises for path, name in proofs if name not in names_in(ROOT / path)
    ]

    assert len(promises) > 30
    assert [promise for promise, proofs in promises if not proofs] == []
    assert missing == []


def test_every_promise_is_one_sentence() -> None:
    """It ends where its one full stop is."""
    assert [promise for promise, _ in rows() if promise.count(". ") or not promise.endswith(".")] == []


def names_in(path: Path) -> set[str]:
    """Names of the tests of a file; none when there is no such file."""
    if not path.is_file():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
