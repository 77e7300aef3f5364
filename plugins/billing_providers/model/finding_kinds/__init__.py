"""Every finding code: level, scope, message template, resolution. One registry; nothing else invents a code.

Numbers 1–24 are known to users (:mod:`.known`); numbers from 101 are new, grouped by what they are about. A new kind
takes the next free number, whichever module it belongs to; a number is never used again.
"""

from __future__ import annotations

from collections.abc import Iterable

from billing_providers.model.finding_kinds.charges import CHARGES
from billing_providers.model.finding_kinds.guards import GUARDS
from billing_providers.model.finding_kinds.known import KNOWN
from billing_providers.model.finding_kinds.mapping import MAPPING
from billing_providers.model.finding_kinds.movement import MOVEMENT
from billing_providers.model.finding_kinds.reconciliation import RECONCILIATION
from billing_providers.model.finding_kinds.setup import SETUP
from billing_providers.model.finding_kinds.terms import TERMS
from billing_providers.model.finding_kinds.usage import USAGE
from billing_providers.model.finding_kinds.writing import WRITING
from billing_providers.model.findings import FindingKind


def registry_of(kinds: Iterable[FindingKind]) -> dict[int, FindingKind]:
    """Return the kinds by number, in order of numbers.

    :raises ValueError: when a number is used twice.
    """
    table: dict[int, FindingKind] = {}
    for kind in sorted(kinds, key=lambda kind: kind.number):
        if kind.number in table:
            raise ValueError(f"finding number {kind.number} is used twice: {table[kind.number].name}, {kind.name}")
        table[kind.number] = kind
    return table


FINDING_KINDS = registry_of(
    (*KNOWN, *USAGE, *MAPPING, *GUARDS, *TERMS, *WRITING, *SETUP, *CHARGES, *RECONCILIATION, *MOVEMENT)
)
