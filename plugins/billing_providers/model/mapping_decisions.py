"""What a person decided on the page of mappings. Decisions are only ever added; the last one about a thing counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class MappedKind(StrEnum):
    """What is mapped."""

    CUSTOMER = "customer"  # to an account
    SERVICE = "service"  # a SKU to a service


class MappingDecision(StrEnum):
    """What was decided."""

    MAP = "map"
    IGNORE = "ignore"
    WITHDRAW = "withdraw"  # an earlier decision is taken back


@dataclass(frozen=True, slots=True)
class DecidedMapping:
    """One decision.

    :param subject: customer code, or SKU; with a term or customer as the mapping table writes them.
    :param target: account or service that it is mapped to; empty unless it is mapped.
    :param reason: why it is ignored; may be empty otherwise.
    :param review_on: the day on which ignoring it is looked at again.
    """

    integration: str
    kind: MappedKind
    subject: str
    seq: int  # from 1 on
    decision: MappingDecision
    target: str
    target_name: str
    reason: str
    review_on: date | None
    decided_by: str
    decided_at: datetime  # aware, UTC
