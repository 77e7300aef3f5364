"""Hooks: one module per PSA and per source, each behind the contract of :mod:`billing_providers.model`.

A hook opens with the facts it stands on: what the API is and where each fact is from, an example, and what fails how.
What hooks share lies beside them: ``http`` (the one client), ``connections`` (fields of the form), ``usage_fields``
(from a row to a usage record), ``psas`` and ``sources`` (from settings to a hook). The hook classes of the registry
can be imported from here; each is loaded when it is asked for.
"""

from __future__ import annotations

from typing import Any

from billing_providers.registry import SYSTEMS

_CLASSES = {entry.hook.rpartition(":")[2]: entry for entry in SYSTEMS.values()}


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return _CLASSES[name].hook_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_CLASSES})
