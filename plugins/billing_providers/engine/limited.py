"""How many findings of one kind are listed: the first ones, and one that counts the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from billing_providers.model.findings import Finding, FindingVoice, Level

ALIKE_MAX = 500

Thing = TypeVar("Thing")


def limited(
    things: Sequence[Thing], word: Callable[[Thing], Finding], voice: FindingVoice, at_most: int = ALIKE_MAX
) -> list[Finding]:
    """Return a finding for each of the first things, and one that counts the rest, which is no louder than they are."""
    findings = [word(thing) for thing in things[:at_most]]
    if len(things) > at_most:
        alike = findings[0]
        level = alike.level if alike.level in {Level.VERBOSE, Level.INFO} else None
        count = len(things) - at_most
        findings.append(voice.finding(155, level=level, count=count, total=len(things), code=alike.code))
    return findings
