"""Findings as people work on them: what is chosen, in how many periods each was seen, and who looks after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from billing_providers.model.findings import Finding


class FindingOrder(StrEnum):
    """In which order findings are shown; those of one rank stay in the order in which they were found."""

    LEVEL = ""  # errors first
    CODE = "code"
    CUSTOMER = "customer"


class GroupedBy(StrEnum):
    """What findings are counted by. CAUSE: what has to be done about them is the same."""

    NOTHING = ""
    CAUSE = "cause"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """Which findings are shown. Empty texts leave everything in.

    :param words: what any field, owner or note holds, whatever its case.
    """

    code: str = ""
    level: str = ""
    customer: str = ""
    words: str = ""
    order: FindingOrder = FindingOrder.LEVEL


@dataclass(frozen=True, slots=True)
class SeenFinding:
    """One finding of one run.

    :param cause: what it shares with the same finding of other runs; empty for what older versions wrote.
    :param periods: in how many periods of the integration this cause was seen; ``first_seen`` is the first of them.
    :param owner: who looks after it, by the last note; empty: nobody.
    """

    run_key: str
    integration: str
    period_start: date
    stage: str
    customer: str
    cause: str
    periods: int
    first_seen: date
    owner: str
    note: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings that are counted together.

    :param key: the code or the customer that they share.
    :param example: one of them.
    """

    key: str
    findings: int
    customers: int
    errors: int
    warnings: int
    example: Finding


@dataclass(frozen=True, slots=True)
class FindingNote:
    """What somebody said about a cause, and who looks after it from then on."""

    integration: str
    cause: str
    seq: int  # from 1 on
    owner: str
    note: str
    written_by: str
    written_at: datetime  # aware, UTC
