"""Findings: what a person should know about a run, a customer, a row or a line. Never raised, always returned.

Each kind has a number, a level, a scope, a message template and a resolution in
:mod:`billing_providers.model.finding_kinds`. The printed code is the PSA's prefix and the number: ``KS06``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from billing_providers.plain_text import plain_text


class Level(StrEnum):
    """How much attention a finding wants."""

    VERBOSE = "verbose"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Scope(StrEnum):
    """What a finding is about: a RUN finding of level ERROR is fatal for the run, the others are items."""

    RUN = "run"
    CUSTOMER = "customer"
    ITEM = "item"  # a usage row or charge line
    LINE = "line"  # a contract line


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One code: what it means and what to do. Template fields are ``{names}`` filled by :func:`finding`."""

    number: int
    name: str
    level: Level
    scope: Scope
    when: str
    template: str
    resolution: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``subject`` holds what it is about, as (name, value) pairs sorted by name; values are text."""

    code: str
    number: int
    level: Level
    scope: Scope
    subject: tuple[tuple[str, str], ...]
    message: str
    resolution: str

    def about(self, name: str) -> str:
        """Return one value of the subject, empty when it has none."""
        return dict(self.subject).get(name, "")


_MAY_BE_ABSENT = {"suggestion": "", "why": "", "candidates": ""}


@dataclass(frozen=True, slots=True)
class FindingVoice:
    """The words of one integration: code prefix and the names of its PSA and source, as people know them."""

    prefix: str = "KS"
    psa: str = "Kaseya"
    source: str = "Atria"

    def finding(self, number: int, *, level: Level | None = None, **values: object) -> Finding:
        """Return the finding of a kind, with its template filled.

        Values named in the template go into the message; all values go into the subject (``customer``,
        ``customer_name``, ``account``, ``contract``, ``line``, ``sku``, ``service``, ``position`` …).
        ``level`` overrides the kind's own, where the registry says that it depends.

        :raises KeyError: for an unknown number or a value that the template wants and is not given.
        """
        from billing_providers.model.finding_kinds import FINDING_KINDS

        kind = FINDING_KINDS[number]
        texts = {name: "" if value is None else plain_text(str(value)) for name, value in values.items()}
        words = {**_MAY_BE_ABSENT, "psa": self.psa, "source": self.source, **texts}
        return Finding(
            code=f"{self.prefix}{number:02d}",
            number=number,
            level=level or kind.level,
            scope=kind.scope,
            subject=tuple(sorted(texts.items())),
            message=kind.template.format_map(words),
            resolution=kind.resolution.format_map(words),
        )
