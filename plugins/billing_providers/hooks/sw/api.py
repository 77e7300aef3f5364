"""Sherweb's two APIs as this product uses them: reading calls alone, each with a token of its scope.

- Seen (vendor's OpenAPI, public clients): ``/distributor/v1`` and ``/service-provider/v1`` below one host; the header
  ``Ocp-Apim-Subscription-Key`` on each call. The service provider's API also has writing calls (orders, amendments,
  cancellations): a request that is not a GET, or the sign-in, is kept back here, whoever makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing_providers.errors import NotSent, SignInRefused
from billing_providers.hooks.connections import ConnectionFields
from billing_providers.hooks.http.client import Clocks, HttpClient
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.repeats import Limits
from billing_providers.hooks.http.sign_in import RenewedToken
from billing_providers.hooks.sw.answers import Reply, fault_of, read_reply
from billing_providers.hooks.sw.sign_in import TOKEN_PATH, SherwebSignIn

DISTRIBUTOR, SERVICE_PROVIDER = "distributor", "service-provider"
PAYABLE = "/distributor/v1/billing/payable-charges"
CUSTOMERS = "/service-provider/v1/customers"
RECEIVABLE = "/service-provider/v1/billing/receivable-charges"
SUBSCRIPTIONS = "/service-provider/v1/billing/subscriptions/details"


class ReadingClient(HttpClient):
    """An HTTP client that lets nothing leave but reads and the sign-in."""

    def call(self, method: str, path: str, **settings: Any) -> Any:
        """Send one read.

        :raises NotSent: for any other method, and for a POST to anything but the sign-in.
        """
        if method != "GET" and (method, path) != ("POST", TOKEN_PATH):
            raise self.voice.error(NotSent, "only reading calls are made", method=method, url=self.base_url + path)
        return super().call(method, path, **settings)


class ScopedApi:
    """The calls of one scope."""

    def __init__(self, client: ReadingClient, key: Mapping[str, str]) -> None:
        self.client, self._key = client, key

    def read(self, path: str, params: Mapping[str, object] | None = None) -> Reply:
        """Send one read.

        :raises RequestError: when it fails.
        """
        try:
            reply: Reply = self.client.call("GET", path, params=params, headers=self._key)
        except SignInRefused as refusal:
            if refusal.method != "GET":
                raise
            problem = f"HTTP 401 with a token that was just given; is the subscription key right? {refusal.body}"
            raise self.client.voice.error(
                SignInRefused,
                problem.strip(),
                method=refusal.method,
                url=refusal.url,
                status=refusal.status,
                request_id=refusal.request_id,
                body=refusal.body,
            ) from None
        return reply


def api_of(fields: ConnectionFields, scope: str, voice: ErrorVoice, limits: Limits, clocks: Clocks) -> ScopedApi:
    """Return the API of a scope; nothing is sent yet.

    :raises SettingsError: for a host that may not be used; code 21 when id, secret or subscription key is empty.
    """
    credentials, subscription_key = (fields.login(), fields.password()), fields.text("subscription_key")
    voice.masker.add(credentials[1], subscription_key)
    client = ReadingClient(fields.base_url(), voice, limits=limits, read=read_reply, fault=fault_of, clocks=clocks)
    key = {"Ocp-Apim-Subscription-Key": subscription_key}
    client.sign_in = RenewedToken(SherwebSignIn(client, credentials, scope, key).obtain, clock=clocks.clock)
    return ScopedApi(client, key)
