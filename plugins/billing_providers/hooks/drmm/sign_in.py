"""Signing in to Datto RMM: ``POST /auth/oauth/token``, the password grant with the API key and its secret.

- Seen (five public clients): HTTP Basic ``public-client:public``, form ``grant_type=password``, ``username`` the API
  key, ``password`` the API secret key; the answer holds ``access_token`` and ``expires_in`` (100 hours).
- Inferred: ``expires_in`` is in seconds. Without it one hour is assumed; a token that ends earlier is renewed after
  the first 401.
- Failing: 403 is no wrong key but a block of this address, so it is never tried again at once.
"""

from __future__ import annotations

from base64 import b64encode

from billing_providers.errors import Forbidden, RateLimited, Refused, RequestError, SignInRefused, UnreadableAnswer
from billing_providers.hooks.drmm.answers import Reply
from billing_providers.hooks.drmm.budget import BLOCK_S, ReadBudget
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.http.sign_in import Token

_PATH = "/auth/oauth/token"
_CLIENT = b64encode(b"public-client:public").decode()  # the same for everybody, printed in the vendor's help
_LIFETIME_S = 3600.0
_LIFETIME_S_MIN = 60.0  # whatever the answer says: a token just given is good for a moment


class DrmmSignIn:
    """Obtains tokens with the API key; there is no call that renews one."""

    def __init__(self, client: HttpClient, api_key: str, api_secret: str, budget: ReadBudget) -> None:
        self._client, self._budget = client, budget
        self._api_key, self._api_secret = api_key, api_secret

    def obtain(self, last: Token | None) -> Token:
        """Return the next token.

        :raises SignInRefused: when key or secret are wrong, or the host does not know the call.
        :raises RateLimited: when this address is blocked.
        """
        form = {"grant_type": "password", "username": self._api_key, "password": self._api_secret}
        try:
            reply: Reply = self._client.call(
                "POST",
                _PATH,
                form=form,
                headers={"Authorization": f"Basic {_CLIENT}"},
                repeatable=True,
                signed=False,
            )
        except Refused as refusal:
            if isinstance(refusal, RateLimited):
                raise
            raise self._explained(refusal) from None
        value = reply.fields.text("access_token")
        self._client.voice.masker.add(value)
        if not value:
            raise reply.answer.error(UnreadableAnswer, "the sign-in gave no access_token")
        lifetime_s = reply.fields.number("expires_in")
        return Token(value=value, lifetime_s=max(_LIFETIME_S_MIN, float(lifetime_s or _LIFETIME_S)))

    def _explained(self, refusal: Refused) -> RequestError:
        kind: type[RequestError] = SignInRefused
        retry_after_s = None
        problem = f"the sign-in of API key {self._api_key} was refused: "
        if isinstance(refusal, Forbidden):
            kind, retry_after_s = RateLimited, BLOCK_S
            self._budget.block()
            problem += "this address is blocked, for five minutes after too many requests or by a list of addresses"
        elif refusal.status in {404, 405, 415}:
            problem += "the host does not offer the sign-in call; it is the API URL that Datto RMM shows beside the key"
        else:
            problem += "the key or its secret is wrong, or API access is switched off in Datto RMM"
            if self._api_secret != self._api_secret.strip():
                problem += "; the stored secret begins or ends with a blank"
        return self._client.voice.error(
            kind,
            f"{problem} (HTTP {refusal.status})",
            method=refusal.method,
            url=refusal.url,
            status=refusal.status,
            request_id=refusal.request_id,
            body=refusal.body,
            retry_after_s=retry_after_s,
        )
