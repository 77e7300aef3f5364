"""What may be sent again, and how long to wait before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from billing_providers.errors import OutcomeUnknown, RateLimited, RequestError, Unreachable


@dataclass(frozen=True, slots=True)
class Limits:
    """Everything that bounds the requests of one hook. Times in seconds.

    :param requests_in_flight_max: requests on the wire at once, whatever the number of threads.
    :param read_timeout_s: longest silence of the server within one answer.
    :param answer_s_max: longest time for one whole answer.
    :param attempts_max: times one call is sent at most, the first included.
    :param backoff_s: upper bound of the first random wait; doubles with every attempt.
    :param total_s_max: no further attempt starts once this much time has passed since the first.
    :param retry_after_s_max: a server that asks for a longer wait gets no further attempt.
    :param requests_per_hour: budget per endpoint; None: no limit.
    :param budget_wait_s_max: longest wait for the budget; an hour always suffices.
    """

    requests_in_flight_max: int = 3
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    answer_s_max: float = 600.0
    answer_bytes_max: int = 1 << 30
    attempts_max: int = 5
    backoff_s: float = 1.0
    backoff_s_max: float = 30.0
    total_s_max: float = 300.0
    retry_after_s_max: float = 120.0
    requests_per_hour: int | None = None
    budget_wait_s_max: float = 3600.0


def may_repeat(error: RequestError, *, repeatable: bool) -> bool:
    """Whether a failed call may be sent again.

    A call that changes something (``repeatable`` false) only when the server cannot have applied it and may do so
    next time: no connection stood, or it said 429. A read also after a lost, broken or 5xx answer.
    """
    if isinstance(error, Unreachable | RateLimited):
        return True
    redirected = error.status is not None and 300 <= error.status < 400
    return repeatable and isinstance(error, OutcomeUnknown) and not redirected


def wait_before(error: RequestError, attempt: int, limits: Limits, random: Callable[[], float]) -> float | None:
    """Return the seconds to wait after this attempt (1 is the first), None when the server asks for too long.

    Capped exponential back-off with full jitter, so that many callers do not come back together, and never less
    than what the server asked for.
    """
    asked_s = error.retry_after_s or 0.0
    if asked_s > limits.retry_after_s_max:
        return None
    ceiling_s = min(limits.backoff_s_max, limits.backoff_s * 2.0 ** (attempt - 1))
    return max(asked_s, random() * ceiling_s)
