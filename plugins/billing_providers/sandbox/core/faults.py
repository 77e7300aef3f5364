"""Faults on demand: each for one system and endpoint pattern, from the n-th matching request on, for a count.

A fault acts *before* the twin sees the request (it is then never applied), or *after* the twin has answered (what
was asked for is applied, and only the answer suffers). ``status``, ``html`` and ``success_false`` act before,
unless ``applied`` is true.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"  # an HTTP error; 429 and 503 may carry Retry-After
    HTML = "html"  # an HTML page where JSON belongs
    SUCCESS_FALSE = "success_false"  # HTTP 200 that says it failed
    REVOKE_TOKEN = "revoke_token"  # all access tokens die, then the request is handled
    DRIFT = "drift"  # somebody edits a line, then the request is handled
    DROP_BEFORE = "drop_before"  # connection lost, not applied
    REFUSE_CONNECTION = "refuse_connection"  # connection lost, not applied; nobody listens for a while
    DROP_AFTER = "drop_after"  # applied, then connection lost without an answer
    TRUNCATE = "truncate"  # applied; the body ends too early
    SLOW = "slow"  # applied, then the answer comes late; with `before`, applied late as well
    WRONG_TOTAL = "wrong_total"  # the stated total is too high
    SHORT_PAGE = "short_page"  # rows are missing at the end of a page
    READBACK_LIE = "readback_lie"  # quantities in the answer differ from the state


# Every setting of every kind with its default; the type of the default is the type that is wanted.
FAULT_SETTINGS: dict[FaultKind, dict[str, Any]] = {
    FaultKind.STATUS: {"status": 503, "retry_after_s": -1, "retry_after_as": "seconds", "applied": False},
    FaultKind.HTML: {"status": 200, "applied": False},
    FaultKind.SUCCESS_FALSE: {"code": 500, "message": "An error has occurred.", "applied": False},
    FaultKind.REVOKE_TOKEN: {"refresh_too": False},
    FaultKind.DRIFT: {"line_id": "", "delta": 1},
    FaultKind.DROP_BEFORE: {},
    FaultKind.REFUSE_CONNECTION: {"seconds": 1.0},
    FaultKind.DROP_AFTER: {},
    FaultKind.TRUNCATE: {"how": "length"},
    FaultKind.SLOW: {"seconds": 1.0, "before": False},
    FaultKind.WRONG_TOTAL: {"by": 5},
    FaultKind.SHORT_PAGE: {"by": 1},
    FaultKind.READBACK_LIE: {"delta": 1},
}
_CHOICES = {"retry_after_as": ("seconds", "date"), "how": ("length", "json")}


@dataclass(slots=True)
class Fault:
    """One planned fault.

    :param system: key of the system, or ``*``.
    :param endpoint: pattern with ``*`` for ``METHOD /path`` or ``METHOD /template``; ``*`` crosses slashes.
    :param nth: the first matching request that it hits; starts at 1.
    :param count: how many matching requests it hits from there on; 0 = all.
    :raises ValueError: for an unknown kind, setting or value.
    """

    kind: FaultKind
    system: str = "*"
    endpoint: str = "*"
    nth: int = 1
    count: int = 1
    settings: dict[str, Any] = field(default_factory=dict)
    fault_id: int = 0
    seen: int = 0  # matching requests so far
    hits: int = 0  # how often it acted

    def __post_init__(self) -> None:
        self.kind = FaultKind(self.kind)
        if self.nth < 1 or self.count < 0:
            raise ValueError("nth starts at 1, count at 0")
        defaults = FAULT_SETTINGS[self.kind]
        for name, value in self.settings.items():
            _check_setting(self.kind, name, value, defaults)
        self.settings = {**defaults, **self.settings}

    def __getitem__(self, name: str) -> Any:
        return self.settings[name]

    def applies_to(self, system: str, method: str, path: str, template: str) -> bool:
        """Whether a request matches system and endpoint."""
        if self.system not in {"*", system}:
            return False
        return any(fnmatchcase(text, self.endpoint) for text in (f"{method} {path}", f"{method} {template}", path))

    def to_json(self) -> dict[str, Any]:
        """Return the fault and its counters as a JSON object."""
        return {
            "fault_id": self.fault_id,
            "kind": self.kind.value,
            "system": self.system,
            "endpoint": self.endpoint,
            "nth": self.nth,
            "count": self.count,
            "seen": self.seen,
            "hits": self.hits,
            **self.settings,
        }


def _check_setting(kind: FaultKind, name: str, value: Any, defaults: dict[str, Any]) -> None:
    if name not in defaults:
        raise ValueError(f"fault {kind.value} has no setting {name!r}; it has: {', '.join(defaults) or 'none'}")
    wanted: tuple[type, ...] = (type(defaults[name]),)
    if wanted == (float,):
        wanted = (float, int)
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise ValueError(f"setting {name!r} of fault {kind.value} wants {wanted[0].__name__}, not {value!r}")
    if value not in _CHOICES.get(name, (value,)):
        raise ValueError(f"setting {name!r} of fault {kind.value} wants one of {', '.join(_CHOICES[name])}")


class FaultPlan:
    """All planned faults of a sandbox; counting is safe across threads."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._last_id = 0

    def add(self, fault: Fault) -> Fault:
        """Plan a fault and give it its id."""
        with self._lock:
            self._last_id += 1
            fault.fault_id = self._last_id
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        """Return all faults with their counters."""
        with self._lock:
            return [fault.to_json() for fault in self._faults]

    def taken_by(self, system: str, method: str, path: str, template: str) -> list[Fault]:
        """Count a request and return the faults that hit it, in the order in which they were planned."""
        hitting = []
        with self._lock:
            for fault in self._faults:
                if not fault.applies_to(system, method, path, template):
                    continue
                fault.seen += 1
                if fault.seen >= fault.nth and (fault.count == 0 or fault.hits < fault.count):
                    fault.hits += 1
                    hitting.append(fault)
        return hitting
