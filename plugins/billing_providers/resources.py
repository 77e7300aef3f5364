"""Finds the files that lie outside the package: ``include/`` of a checkout, or what the wheel carries of it."""

from __future__ import annotations

from pathlib import Path

from billing_providers.errors import LedgerError

_PACKAGE = Path(__file__).resolve().parent


def include_dir() -> Path:
    """Return the folder that holds ``sql/``: inside the installed package, else ``include/`` beside ``plugins/``.

    :raises LedgerError: when neither is there.
    """
    places = (_PACKAGE / "_include", _PACKAGE.parents[1] / "include")
    for place in places:
        if (place / "sql").is_dir():
            return place
    looked = " and ".join(str(place / "sql") for place in places)
    raise LedgerError(f"the ledger's SQL files are missing; looked at {looked}. Install the package again")
