"""Whether the PSA still offers what the diff was made with."""

from __future__ import annotations

from billing_providers.errors import NotSent
from billing_providers.model.changes import ContractDiff
from billing_providers.model.psa import PsaCapabilities, QuantityWrite


def must_still_write(offered: PsaCapabilities, diff: ContractDiff) -> None:
    """Refuse to take a PSA without a call for quantities for the one on which an approved diff was made.

    What it offers is found out by asking, and an answer may be wrong for a moment: going on would write nothing and
    call that done, or read lines without quantities and call them different.

    :raises NotSent: when the diff can be pushed by its own word, and this PSA offers no call for it.
    """
    if diff.applicable and diff.changes and offered.quantity_write is QuantityWrite.NONE:
        raise NotSent(
            f"diff {diff.digest[:12]} was made while the tenant offered a call that writes quantities; now it offers "
            f"none, so nothing was sent. {offered.explanation}"
        )
