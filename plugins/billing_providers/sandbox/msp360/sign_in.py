"""Sign-in to the simulated MSP360: tokens with a life."""

from __future__ import annotations

import random
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.credentials import MSP360_LOGIN, MSP360_PASSWORD
from billing_providers.sandbox.msp360.errors import MbsRefusal, bad_request

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox


class SignIn:
    """Issues, checks and revokes tokens."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._lock = threading.Lock()
        self.reset(sandbox.world.seed)

    def reset(self, seed: int) -> None:
        """Forget all tokens; new ones follow from the seed."""
        self._rng = random.Random(f"msp360 tokens|{seed}")
        self._expiries: dict[str, datetime] = {}

    def revoke(self) -> None:
        """Make all tokens invalid."""
        with self._lock:
            self._expiries.clear()

    def sign_in(self, body: dict[str, Any]) -> dict[str, Any]:
        """Exchange login and password for a token; older tokens stay valid."""
        for name in ("UserName", "Password"):
            if not body.get(name):
                raise bad_request(f"{name} is required.")
        if not 3 <= len(body["Password"]) <= 100:
            raise bad_request("Password must have 3 to 100 characters.")
        if (body["UserName"], body["Password"]) != (MSP360_LOGIN, MSP360_PASSWORD):
            raise MbsRefusal(403, "Login or password is wrong.")
        settings = self._sandbox.settings
        expires = self._sandbox.clock.now() + timedelta(seconds=settings.msp360_token_s)
        with self._lock:
            token = f"mbs-{self._rng.getrandbits(256):064x}"
            self._expiries[token] = expires
        answer: dict[str, Any] = {"access_token": token, "token_type": "bearer"}
        return answer | {"expires_in": settings.msp360_token_s} if settings.msp360_tells_expiry else answer

    def check(self, authorization: str) -> None:
        """Refuse an ``Authorization`` header without a valid token."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            expires = self._expiries.get(token.strip())
        if scheme.lower() != "bearer" or expires is None or expires <= self._sandbox.clock.now():
            raise MbsRefusal(401, "Authorization has been denied for this request.")
