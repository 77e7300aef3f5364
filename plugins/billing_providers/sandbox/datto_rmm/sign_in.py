"""Sign-in to the simulated Datto RMM: OAuth's password grant, tokens with a life of 100 hours."""

from __future__ import annotations

import base64
import binascii
import random
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from billing_providers.sandbox.core.messages import Request
from billing_providers.sandbox.credentials import DATTO_CLIENT, DATTO_USERS, DattoUser
from billing_providers.sandbox.datto_rmm.errors import DattoRefusal, oauth_refusal

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox

_FORM = "application/x-www-form-urlencoded"


class SignIn:
    """Issues, checks and revokes tokens."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._lock = threading.Lock()
        self.reset(sandbox.world.seed)

    def reset(self, seed: int) -> None:
        """Forget all tokens; new ones follow from the seed."""
        self._rng = random.Random(f"datto tokens|{seed}")
        self._tokens: dict[str, tuple[DattoUser, datetime]] = {}

    def revoke(self) -> None:
        """Make all tokens invalid."""
        with self._lock:
            self._tokens.clear()

    def sign_in(self, request: Request) -> dict[str, Any]:
        """Exchange API key and secret for a token; older tokens stay valid."""
        if _basic(request.headers.get("authorization", "")) != DATTO_CLIENT:
            raise oauth_refusal(401, "unauthorized", "Full authentication is required to access this resource")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            raise DattoRefusal(415)
        pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        form = dict(pairs)
        if len(form) != len(pairs) or form.keys() - {"grant_type", "username", "password"}:
            raise oauth_refusal(400, "invalid_request", "A parameter is unknown, or given twice")
        if form.get("grant_type") != "password":
            raise oauth_refusal(400, "unsupported_grant_type", f"Unsupported grant type: {form.get('grant_type', '')}")
        given = (form.get("username", ""), form.get("password", ""))
        user = next((user for user in DATTO_USERS if (user.api_key, user.api_secret) == given), None)
        if user is None:
            raise oauth_refusal(400, "invalid_grant", "Bad credentials")
        life = self._sandbox.settings.datto_token_s
        with self._lock:
            token = f"drmm-{self._rng.getrandbits(320):080x}"
            self._tokens[token] = (user, self._sandbox.clock.now() + timedelta(seconds=life))
        return {"access_token": token, "token_type": "bearer", "expires_in": life, "scope": "account"}

    def user_of(self, authorization: str) -> DattoUser:
        """Return who a valid token belongs to; refuse every other header."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            found = self._tokens.get(token.strip())
        if scheme.lower() != "bearer" or found is None or found[1] <= self._sandbox.clock.now():
            raise DattoRefusal(401)
        return found[0]


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, coded = authorization.partition(" ")
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (name, secret) if scheme.lower() == "basic" else ("", "")
