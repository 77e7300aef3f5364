"""Sherweb's list of customers: who there is, and which names are not unique.

Seen (vendor's client): ``GET /customers``, ``items`` of ``id`` and ``displayName``; no pages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from billing_providers.errors import RateLimited, Refused
from billing_providers.hooks.sw.answers import Reply
from billing_providers.hooks.sw.api import CUSTOMERS, ScopedApi
from billing_providers.model.source import MalformedRow


@dataclass(frozen=True, slots=True)
class CustomerList:
    """Display names by id, in order. ``reply`` is the answer that gave them."""

    reply: Reply
    names: dict[str, str] = field(default_factory=dict)
    malformed: list[MalformedRow] = field(default_factory=list)

    def shared_names(self) -> dict[str, str]:
        """Return the names that several customers have, trimmed, with the reason why they are held."""
        ids: dict[str, list[str]] = defaultdict(list)
        for id_, name in self.names.items():
            ids[name.strip()].append(id_)
        return {
            name: f"{len(found)} customers have this name, their ids are {', '.join(found)}; with customer_id_tag set "
            "the id is the customer code"
            for name, found in ids.items()
            if len(found) > 1
        }


def read_customers(api: ScopedApi) -> CustomerList:
    """Read the list of customers: one call.

    :raises RequestError: when it cannot be read.
    """
    listed = CustomerList(api.read(CUSTOMERS))
    for index, row in enumerate(listed.reply.rows("items")):
        id_, name = (row.get(key) if isinstance(row, dict) else None for key in ("id", "displayName"))
        if isinstance(id_, str) and isinstance(name, str) and id_.strip() and name.strip():
            listed.names[id_] = name
        else:
            error = f"{row!r} has no id and displayName"
            listed.malformed.append(MalformedRow(f"customers[{index}]", "displayName", error))
    return listed


def shared_among(api: ScopedApi, codes: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Return which of some display names several customers have, with the reason; and a note where nobody may ask.

    :raises RequestError: when the list cannot be read, other than for a missing right.
    """
    try:
        shared = read_customers(api).shared_names()
    except RateLimited:
        raise
    except Refused as refusal:
        return {}, [
            f"whether two customers share a display name could not be asked, so names count as unique: {refusal}"
        ]
    wanted = {code.strip() for code in codes}
    return {name: why for name, why in shared.items() if name in wanted}, []
