"""Keeps the lock of a run while its requests wait, be it for the hour's budget of the PSA, which outlasts the lock."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from billing_providers.errors import LedgerError, LockHeld
from billing_providers.steps.taken_lock import RENEW_EVERY_S

log = logging.getLogger(__name__)

ASK_EVERY_S = RENEW_EVERY_S


@contextmanager
def kept_lock(renew: Callable[[], None]) -> Iterator[None]:
    """Have the lock renewed in time until the block ends.

    Whoever loses it nevertheless is told here, and stopped where the next request would leave.

    :param renew: renews the lock when it is time, see :class:`~billing_providers.push.ports.PushJob`.
    """
    over = threading.Event()
    keeper = threading.Thread(target=_keep, args=(renew, over), name="billing-lock", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _keep(renew: Callable[[], None], over: threading.Event) -> None:
    while not over.wait(ASK_EVERY_S):
        try:
            renew()
        except LockHeld as lost:
            log.warning("%s", lost)
            return
        except LedgerError as error:
            log.warning("the lock could not be renewed: %s", error)
