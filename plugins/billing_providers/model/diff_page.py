"""What people choose when they look at a diff, and what they are told about it besides its changes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class ChangeOrder(StrEnum):
    """In which order changes are shown."""

    FIRST = "first"  # held ones, then the largest amounts
    AMOUNT = "amount"
    QUANTITY = "quantity"
    ACCOUNT = "account"
    SERVICE = "service"


class HeldFilter(StrEnum):
    """Which changes are shown."""

    ALL = ""
    HELD = "held"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes of a diff are shown. Empty texts leave everything in.

    :param kind: a kind of change.
    :param account: id of an account.
    :param words: what a name, SKU, line or reason holds, whatever its case.
    """

    held: HeldFilter = HeldFilter.ALL
    kind: str = ""
    account: str = ""
    words: str = ""
    order: ChangeOrder = ChangeOrder.FIRST


@dataclass(frozen=True, slots=True)
class AccountTotal:
    """What a diff does to one account: how many changes, how many of them wait, and by how much its amount moves."""

    account_id: str
    account_name: str
    changes: int
    held: int
    amount: Decimal
    unpriced: int  # changes whose amount is not known


@dataclass(frozen=True, slots=True)
class SinceThen:
    """How a newer diff of the same period differs from one: changes that are gone, are other ones, were added."""

    digest: str  # of the newer one
    gone: int
    other: int
    added: int

    @property
    def same(self) -> bool:
        """Whether nothing of it changed."""
        return not (self.gone or self.other or self.added)
