"""The tenant's own limit: 10,000 requests per rolling hour, of all integrations together (seen: the vendor's help).

Above it the API is switched off for the whole tenant until usage falls, and from half of it on every answer comes half
a second later (seen). So this hook stops at nine tenths, and leaves the rest to others. ``GET /ThresholdInformation``
tells ``externalRequestThreshold``, ``requestThresholdTimeframe`` (minutes) and ``currentTimeframeRequestCount``, and
counts itself; it is asked at set-up and then once every 250 requests.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from billing_providers.errors import BadRequest, BudgetExhausted, Forbidden, OutcomeUnknown, RequestError
from billing_providers.hooks.at.answers import AtAnswer
from billing_providers.hooks.http.client import HttpClient

log = logging.getLogger(__name__)

ALLOWED = 10_000  # where the server does not tell
USED_MAX_PERCENT = 90
ASK_EVERY = 250


@dataclass(frozen=True, slots=True)
class Usage:
    """Requests of all integrations within the last ``minutes``, and how many are allowed."""

    used: int
    allowed: int
    minutes: int

    @property
    def left(self) -> int:
        """How many may still be sent before this hook stops."""
        return max(0, self.allowed * USED_MAX_PERCENT // 100 - self.used)


class Threshold:
    """Keeps this hook below the tenant's threshold. Safe to use from several threads.

    :param ask: reads ``ThresholdInformation``.
    """

    def __init__(self, client: HttpClient, ask: Callable[[], AtAnswer]) -> None:
        self._client = client
        self._ask = ask
        self._lock = Lock()
        self._unchecked = ASK_EVERY  # so that the very first call asks

    def check(self) -> None:
        """Count one request, and ask the server now and then how much is left.

        :raises BudgetExhausted: when nine tenths are used up; nothing was sent.
        """
        with self._lock:
            self._unchecked += 1
            if self._unchecked < ASK_EVERY:
                return
            self._unchecked = 0
            try:
                usage = self._read()
            except OutcomeUnknown as fault:  # of the question; the call that waits here has not left
                log.warning("how much of the threshold is used cannot be told: %s", fault)
                return
            if usage is not None and not usage.left:
                self._unchecked = ASK_EVERY  # the next call asks again
                raise self._exhausted(usage)

    def per_hour(self) -> int:
        """Return how many requests all hooks of an installation may send within an hour."""
        usage = self._read()
        allowed = usage.allowed * 60 // max(usage.minutes, 1) if usage else ALLOWED
        return allowed * USED_MAX_PERCENT // 100

    def usage(self) -> Usage | None:
        """Ask the server; None where it does not tell."""
        return self._read()

    def _read(self) -> Usage | None:
        try:
            told = self._ask().whole()
        except (BadRequest, Forbidden):
            return None
        numbers = [
            told.get(name)
            for name in ("currentTimeframeRequestCount", "externalRequestThreshold", "requestThresholdTimeframe")
        ]
        if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers) or numbers[1] <= 0:
            return None
        return Usage(*numbers)

    def _exhausted(self, usage: Usage) -> RequestError:
        problem = (
            f"{usage.used} of the tenant's {usage.allowed} requests per {usage.minutes} minutes are used up, by all "
            f"integrations together; this one stops at {USED_MAX_PERCENT} %, since above the limit the API is switched "
            "off for everybody. Try again later"
        )
        return self._client.voice.error(BudgetExhausted, problem)
