"""Signing in to Sherweb: ``POST /auth/oidc/connect/token``, client credentials, one token per scope.

- Seen (vendor's OpenAPI): the form ``client_id, client_secret, scope, grant_type``; the answer ``access_token,
  expires_in, token_type``; the subscription key goes along. Scopes are ``distributor`` and ``service-provider``.
- Inferred: ``expires_in`` is in seconds. Without it an hour is assumed (one client says so); a token that ends earlier
  is renewed after the first 401.
"""

from __future__ import annotations

from collections.abc import Mapping

from billing_providers.errors import RateLimited, Refused, RequestError, SignInRefused, UnreadableAnswer
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.http.sign_in import Token
from billing_providers.hooks.sw.answers import Reply

TOKEN_PATH = "/auth/oidc/connect/token"  # noqa: S105 - the address, not a token
_LIFETIME_S = 3600.0
_LIFETIME_S_MIN = 60.0  # whatever the answer says: a token just given is good for a moment


class SherwebSignIn:
    """Obtains the tokens of one scope; there is no call that renews one."""

    def __init__(self, client: HttpClient, credentials: tuple[str, str], scope: str, key: Mapping[str, str]) -> None:
        self._client, self._scope, self._key = client, scope, key
        self._client_id, self._secret = credentials

    def obtain(self, last: Token | None) -> Token:
        """Return the next token.

        :raises SignInRefused: when id or secret are wrong, the scope is not granted, or the host has no such call.
        """
        form = {
            "client_id": self._client_id,
            "client_secret": self._secret,
            "scope": self._scope,
            "grant_type": "client_credentials",
        }
        try:
            reply: Reply = self._client.call(
                "POST", TOKEN_PATH, form=form, headers=self._key, repeatable=True, signed=False
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
        cause = f"client id, secret or subscription key is wrong, or the client may not use the scope {self._scope}"
        if refusal.status in {404, 405, 415}:
            cause = "the host does not offer the sign-in call"
        elif self._secret != self._secret.strip():
            cause += "; the stored secret begins or ends with a blank"
        said = f": {refusal.body}" if refusal.body else ""
        return self._client.voice.error(
            SignInRefused,
            f"the sign-in of client {self._client_id} was refused: {cause} (HTTP {refusal.status}{said})",
            method=refusal.method,
            url=refusal.url,
            status=refusal.status,
            request_id=refusal.request_id,
            body=refusal.body,
        )
