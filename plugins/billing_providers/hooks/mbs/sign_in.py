"""Signing in to MSP360: ``POST /api/Provider/Login`` with ``{UserName, Password}``, answered by ``access_token``.

- Seen (vendor's PowerShell module and help): the call, its body, ``access_token``, bearer. The pair is generated under
  Settings > General by the main administrative account; generating a new one ends the old one.
- Seen (a public client): a refused login is answered with 403. Any other refusal is taken for the same (assumed).
- Inferred: ``expires_in`` in seconds. Without it an hour is assumed (the vendor's page says two weeks, a public client
  an hour); a token that ends earlier is renewed after the first 401.
"""

from __future__ import annotations

from billing_providers.errors import RateLimited, Refused, RequestError, SignInRefused, UnreadableAnswer
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.http.sign_in import Token
from billing_providers.hooks.mbs.answers import Reply

_PATH = "/api/Provider/Login"
_LIFETIME_S = 3600.0
_LIFETIME_S_MIN = 60.0  # whatever the answer says: a token just given is good for a moment


class MbsSignIn:
    """Obtains tokens with the API login; there is no call that renews one."""

    def __init__(self, client: HttpClient, login: str, password: str) -> None:
        self._client = client
        self._login = login
        self._password = password

    def obtain(self, last: Token | None) -> Token:
        """Return the next token.

        :raises SignInRefused: when login or password are wrong, or the host does not know the call.
        """
        body = {"UserName": self._login, "Password": self._password}
        try:
            reply: Reply = self._client.call("POST", _PATH, json=body, repeatable=True, signed=False)
        except Refused as refusal:
            if isinstance(refusal, RateLimited):
                raise
            raise self._explained(refusal) from None
        fields = reply.fields()
        value = fields.text("access_token")
        self._client.voice.masker.add(value)
        if not value:
            raise reply.answer.error(UnreadableAnswer, "the sign-in gave no access_token")
        lifetime_s = fields.number("expires_in")
        return Token(value=value, lifetime_s=max(_LIFETIME_S_MIN, float(lifetime_s or _LIFETIME_S)))

    def _explained(self, refusal: RequestError) -> RequestError:
        cause = "login or password is wrong; generating a new pair in MSP360 ends the old one"
        if refusal.status in {404, 405, 415}:
            cause = "the host does not offer the sign-in call"
        elif self._password != self._password.strip():
            cause += "; the stored password begins or ends with a blank"
        return self._client.voice.error(
            SignInRefused,
            f"the sign-in of {self._login} was refused: {cause} (HTTP {refusal.status})",
            method=refusal.method,
            url=refusal.url,
            status=refusal.status,
            request_id=refusal.request_id,
            body=refusal.body,
        )
