"""Sign-in to the simulated Sherweb: OAuth's client credentials, for one scope at a time."""

from __future__ import annotations

import random
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from billing_providers.sandbox.core.messages import Request
from billing_providers.sandbox.credentials import SHERWEB_CLIENT_ID, SHERWEB_CLIENT_SECRET, SHERWEB_SUBSCRIPTION_KEY
from billing_providers.sandbox.sherweb.errors import SherwebRefusal, oauth_refusal
from billing_providers.sandbox.sherweb.spec import DISTRIBUTOR, SERVICE_PROVIDER

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox

_FORM = "application/x-www-form-urlencoded"
_FIELDS = {"client_id", "client_secret", "scope", "grant_type"}


class SignIn:
    """Issues, checks and revokes tokens."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._lock = threading.Lock()
        self.reset(sandbox.world.seed)

    def reset(self, seed: int) -> None:
        """Forget all tokens; new ones follow from the seed."""
        self._rng = random.Random(f"sherweb tokens|{seed}")
        self._tokens: dict[str, tuple[frozenset[str], datetime]] = {}

    def revoke(self) -> None:
        """Make all tokens invalid."""
        with self._lock:
            self._tokens.clear()

    def sign_in(self, request: Request) -> dict[str, Any]:
        """Exchange client id and secret for a token of a scope; older tokens stay valid."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            raise SherwebRefusal(415, f"The token is asked for with a form ({_FORM}).")
        pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        form = dict(pairs)
        if len(form) != len(pairs) or form.keys() != _FIELDS:
            raise oauth_refusal("invalid_request")
        if form["grant_type"] != "client_credentials":
            raise oauth_refusal("unsupported_grant_type")
        if (form["client_id"], form["client_secret"]) != (SHERWEB_CLIENT_ID, SHERWEB_CLIENT_SECRET):
            raise oauth_refusal("invalid_client")
        scopes = frozenset(form["scope"].split())
        several = len(scopes) > 1 and not self._sandbox.settings.sherweb_several_scopes
        if not scopes or not scopes <= {DISTRIBUTOR, SERVICE_PROVIDER} or several:
            raise oauth_refusal("invalid_scope")
        life = self._sandbox.settings.sherweb_token_s
        with self._lock:
            token = f"shw-{self._rng.getrandbits(256):064x}"
            self._tokens[token] = (scopes, self._sandbox.clock.now() + timedelta(seconds=life))
        return {"access_token": token, "expires_in": life, "token_type": "Bearer"}

    def check_key(self, given: str | None) -> None:
        """Refuse a request without the subscription key."""
        if given is None:
            raise SherwebRefusal(401, "Access denied due to missing subscription key.")
        if given != SHERWEB_SUBSCRIPTION_KEY:
            raise SherwebRefusal(401, "Access denied due to invalid subscription key.")

    def check_token(self, authorization: str, scope: str) -> None:
        """Refuse an ``Authorization`` header without a valid token of a scope."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            found = self._tokens.get(token.strip())
        if scheme.lower() != "bearer" or found is None or found[1] <= self._sandbox.clock.now():
            raise SherwebRefusal(401, "The access token is missing, wrong or expired.")
        if scope not in found[0]:
            raise SherwebRefusal(403, f"The access token is not valid for the scope {scope}.")
