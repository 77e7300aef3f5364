"""Two logs: every request that came, and every change that was applied."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from billing_providers.sandbox.core.clock import SandboxClock
from billing_providers.sandbox.core.messages import Request


class RequestLog:
    """What was asked, by whom, how often and how much at once. Holds no headers and no bodies, so no secrets."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries: list[dict[str, Any]] = []
            self._in_flight: Counter[str] = Counter()
            self._in_flight_max: Counter[str] = Counter()
            self._connections: dict[str, set[int]] = {}

    @contextmanager
    def entry(self, system: str, request: Request, endpoint: str, writes: bool) -> Iterator[dict[str, Any]]:
        """Log a request while it is in flight; the caller fills in ``status`` and ``faults``."""
        row: dict[str, Any] = {
            "seq": 0,
            "at": self._clock.now().isoformat(),
            "system": system,
            "method": request.method,
            "path": request.path,
            "query": request.raw_query,
            "endpoint": endpoint,
            "writes": writes,
            "status": None,  # stays None when no answer was sent
            "faults": [],
            "request_id": request.request_id,
            "client_request_id": request.headers.get("x-request-id", ""),
            "connection": request.connection,
        }
        places = (system, endpoint)
        with self._lock:
            row["seq"] = len(self._entries) + 1
            self._entries.append(row)
            self._connections.setdefault(system, set()).add(request.connection)
            in_flight = self._in_flight  # a cleared log starts new counters; this request ends in the old ones
            for place in places:
                in_flight[place] += 1
                self._in_flight_max[place] = max(self._in_flight_max[place], in_flight[place])
        try:
            yield row
        finally:
            with self._lock:
                for place in places:
                    in_flight[place] -= 1

    def report(self) -> dict[str, Any]:
        """Return the entries in order of arrival, and the counters.

        ``max_in_flight`` and ``new_connections`` are per system; ``per_endpoint`` counts requests, and
        ``max_in_flight_per_endpoint`` says how many of one endpoint were under way at once.
        """
        with self._lock:
            entries = [dict(row) for row in self._entries]
            most_at_once = dict(self._in_flight_max)
            connections = {system: len(numbers) for system, numbers in self._connections.items()}
        return {
            "requests": entries,
            "total": len(entries),
            "per_system": dict(Counter(row["system"] for row in entries)),
            "per_endpoint": dict(Counter(row["endpoint"] for row in entries)),
            "max_in_flight": {place: most for place, most in most_at_once.items() if " " not in place},
            "max_in_flight_per_endpoint": {place: most for place, most in most_at_once.items() if " " in place},
            "new_connections": connections,
            "writing": sum(row["writes"] for row in entries),
        }


class AuditLog:
    """What was applied, in order: the truth that a push is compared with."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def add(self, **facts: Any) -> None:
        """Append one applied change. ``by`` is ``api`` or ``hand``."""
        with self._lock:
            self._entries.append({"seq": len(self._entries) + 1, "at": self._clock.now().isoformat(), **facts})

    def entries(self, by: str = "api", system: str = "*") -> list[dict[str, Any]]:
        """Return the changes made through an API, by hand, or all (``by="all"``), of all systems or one, in order."""
        with self._lock:
            return [
                dict(entry)
                for entry in self._entries
                if by in {"all", entry["by"]} and system in {"*", entry["system"]}
            ]
