"""The one ledger from which all pages read, opened when the first of them is asked for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends

from billing_providers.ledger.connect import open_ledger

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger


@cache
def opened_ledger() -> Ledger:
    """Return the ledger of the connection ``billing_ledger``, brought to what this version needs."""
    ledger = open_ledger()
    ledger.migrate()
    return ledger


def _ledger() -> Any:
    return opened_ledger()


#: For every route; runs in the thread of the request, so that nothing waits in the server's event loop.
LedgerOfPages = Annotated[Any, Depends(_ledger)]
