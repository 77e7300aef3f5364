"""The hash chain of the journal: each row's hash covers the row before, so nothing can be changed or left out unseen.

``hash = SHA-256(prev_hash + canonical row)``; the canonical row is the JSON list of every column but the hashes,
in the order of :data:`COVERED`, as it is stored. The first row's ``prev_hash`` is :data:`GENESIS`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from billing_providers.ledger.codec import RowCodec
from billing_providers.model.journal import JournalEntry

GENESIS = "0" * 64
ENTRIES = RowCodec(JournalEntry)
COVERED = ("seq", *ENTRIES.names)
_BROKEN_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class ChainHead:
    """Where a chain ends: the number of its last row (0: none) and that row's hash."""

    seq: int
    hash: str


def linked(rows: Iterable[Mapping[str, Any]], seq: int, head: str) -> list[dict[str, Any]]:
    """Return encoded entries with ``seq``, ``prev_hash`` and ``hash``, as they follow the chain's present end."""
    chained = []
    for number, row in enumerate(rows, start=seq + 1):
        link = {**row, "seq": number, "prev_hash": head}
        head = link["hash"] = row_hash(head, link)
        chained.append(link)
    return chained


def row_hash(prev_hash: str, row: Mapping[str, Any]) -> str:
    """Return the hash of a stored row that follows ``prev_hash``."""
    # What is neither text nor number was never written here: it counts as changed, and stops no verification.
    canonical = json.dumps([row[name] for name in COVERED], separators=(",", ":"), default=repr)
    return hashlib.sha256((prev_hash + canonical).encode("ascii")).hexdigest()


def broken_links(rows: Iterable[Mapping[str, Any]], head: ChainHead, noted: ChainHead | None = None) -> list[str]:
    """Return what is wrong with a chain, row by row, at most 20 sentences; empty when it is intact.

    :param rows: the stored rows by ``seq``; rows after the head may have been appended since the head was read.
    :param noted: an earlier end of the chain, which must be part of it.
    """
    broken: list[str] = []
    previous, expected = GENESIS, 1
    ends = {head.seq, noted.seq if noted else head.seq}
    found: dict[int, str] = {0: GENESIS}
    for row in rows:
        seq = row["seq"]
        if seq != expected:
            gone = f"row {expected} is" if seq == expected + 1 else f"rows {expected} to {seq - 1} are"
            broken.append(f"{gone} missing")
        elif row["prev_hash"] != previous:
            broken.append(f"row {seq} does not follow row {seq - 1}")
        if row_hash(row["prev_hash"], row) != row["hash"]:
            broken.append(f"row {seq} was changed")
        if seq in ends:
            found[seq] = row["hash"]
        previous, expected = row["hash"], seq + 1
        if len(broken) >= _BROKEN_SHOWN_MAX:
            return [*broken, "and possibly more"]
    if found.get(head.seq) != head.hash:
        broken.append(f"the chain does not end where its head says, at row {head.seq}")
    if noted and noted.seq >= expected:
        broken.append(f"the chain ends with row {expected - 1}, and had {noted.seq} rows when its end was noted")
    elif noted and found.get(noted.seq) != noted.hash:
        broken.append(f"row {noted.seq} is not the one that was noted as the chain's end")
    return broken
