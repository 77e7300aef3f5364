"""What callers got wrong without being told: the real API ignores it and returns, or does, something else."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from billing_providers.sandbox.autotask.errors import invalid


@dataclass(slots=True)
class Mistakes:
    """A list of what was ignored, so that tests can ask for it; strict, each one is refused as well.

    :param strict: whether what is not understood is an error.
    """

    found: list[dict[str, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, place: str, what: str, *, strict: bool) -> None:
        """Remember that something in a request was ignored.

        :raises AtRefusal: 500 when requests are taken strictly.
        """
        with self._lock:
            self.found.append({"place": place, "what": what})
        if strict:
            raise invalid(f"Strict sandbox: {what}.")
