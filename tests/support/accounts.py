"""What the tests that break things on purpose can account for: each line that was to be written, exactly once.

An account is kept over all tests of a session, in all of its processes; the session ends with a line for each.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

FILE = "BILLING_TEST_ACCOUNTS"


@dataclass(frozen=True)
class Verdict:
    """How many lines were to be written, and what became of them."""

    intended: int = 0
    once: int = 0
    twice: int = 0
    lost: int = 0
    unexplained: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing was written twice, lost, or written without being intended."""
        return not (self.twice or self.lost or self.unexplained)


class Account:
    """Counts scenarios, faults and lines under one name. It fails nothing by itself: the test asserts the verdict.

    :param name: the heading of the line at the session's end.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def fault(self, count: int = 1) -> None:
        """Note that a fault was injected."""
        self._note({"faults": count})

    def judge(self, intended: Mapping[Hashable, int], written: Mapping[Hashable, int]) -> Verdict:
        """Note one scenario: how often each write was to happen, and how often the simulated PSA says that it did.

        A write is any value that says what is written where, such as line, field, day and number.
        """
        verdict = compare(intended, written)
        self._note({"scenarios": 1, **asdict(verdict)})
        return verdict

    def _note(self, counts: dict[str, int]) -> None:
        if path := os.environ.get(FILE):
            with Path(path).open("a", encoding="utf-8") as file:  # one short append: processes do not mix their lines
                file.write(json.dumps({"name": self.name, **counts}) + "\n")


def compare(intended: Mapping[Hashable, int], written: Mapping[Hashable, int]) -> Verdict:
    """Return what became of the intended writes, and what was written besides."""
    counts: Counter[str] = Counter(intended=sum(intended.values()))
    for write, times in written.items():
        wanted = intended.get(write, 0)
        counts["once"] += min(times, wanted)
        counts["twice" if wanted else "unexplained"] += max(0, times - wanted)
    counts["lost"] = counts["intended"] - counts["once"]
    return Verdict(**{field.name: counts[field.name] for field in fields(Verdict)})


def open_accounts() -> None:
    """Begin the accounts of this session; processes that start after this add to them."""
    handle, path = tempfile.mkstemp(prefix="accounts-", suffix=".jsonl")
    os.close(handle)
    os.environ[FILE] = path


def close_accounts() -> list[str]:
    """Return a line for each account of this session, and forget them."""
    path = Path(os.environ.pop(FILE))
    totals: dict[str, Counter[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        totals.setdefault(entry.pop("name"), Counter()).update(entry)
    path.unlink()
    return [f"{name}: {as_text(counts)}" for name, counts in sorted(totals.items())]


def as_text(counts: Mapping[str, int]) -> str:
    """Return the counts of one account in words."""
    words = {
        "scenarios": "scenarios", "faults": "faults injected", "intended": "lines intended", "once": "written once",
        "twice": "written twice", "lost": "lost", "unexplained": "unexplained",
    }  # fmt: skip
    return ", ".join(f"{counts.get(key, 0)} {word}" for key, word in words.items())
