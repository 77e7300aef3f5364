"""Which module of a source some usage comes from."""

from __future__ import annotations

from collections.abc import Iterable


def usage_module(codes: Iterable[str], skus: Iterable[str], source: str) -> str:
    """Return the module, several joined by `` + ``, or the source itself where it has no modules.

    Codes read ``Module: customer`` and SKUs ``Module - item`` where a source has modules.
    """
    items = tuple(skus)
    named = {code.partition(": ")[0] for code in codes if ": " in code}
    found = {name for name in named if any(sku.startswith(f"{name} - ") for sku in items)}
    return " + ".join(sorted(found)) or source
