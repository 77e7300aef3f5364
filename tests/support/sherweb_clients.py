"""A bare HTTP client for the simulated Sherweb. It knows nothing of the product's hooks."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import requests

from billing_providers.sandbox.credentials import SHERWEB_CLIENT_ID, SHERWEB_CLIENT_SECRET, SHERWEB_SUBSCRIPTION_KEY
from billing_providers.sandbox.server import SandboxServer

TIMEOUT_S = 20
KEY = {"Ocp-Apim-Subscription-Key": SHERWEB_SUBSCRIPTION_KEY}
PAYABLE = "/distributor/v1/billing/payable-charges"
PROVIDER = "/service-provider/v1"


class SherwebClient:
    """Reads from the simulated Sherweb with one token for each scope."""

    def __init__(self, box: SandboxServer) -> None:
        self.base_url = box.base_url("sherweb")
        self.session = requests.Session()
        self.tokens: dict[str, str] = {}

    def ask_token(self, headers: dict[str, str] = KEY, **changes: str | None) -> requests.Response:
        """Ask for a token of the distributor's scope, with changes to the form (None: left out)."""
        form = {
            "client_id": SHERWEB_CLIENT_ID,
            "client_secret": SHERWEB_CLIENT_SECRET,
            "scope": "distributor",
            "grant_type": "client_credentials",
            **changes,
        }
        given = {name: value for name, value in form.items() if value is not None}
        return self.session.post(
            f"{self.base_url}/auth/oidc/connect/token", data=given, headers=headers, timeout=TIMEOUT_S
        )

    def sign_in(self) -> None:
        """Get a token for each of the two scopes."""
        for scope in ("distributor", "service-provider"):
            answer = self.ask_token(scope=scope)
            assert answer.status_code == 200, answer.text
            self.tokens[scope] = answer.json()["access_token"]

    def call(self, path: str, method: str = "GET", **request: Any) -> requests.Response:
        """Send one request with the token of its path."""
        token = self.tokens.get(path.split("/")[1], "")
        headers = request.pop("headers", {**KEY, "Authorization": f"Bearer {token}"})
        return self.session.request(method, self.base_url + path, headers=headers, timeout=TIMEOUT_S, **request)

    def get(self, path: str, **query: Any) -> Any:
        """Read something that is there; numbers with a point are exact decimals."""
        answer = self.call(path, params=query)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def payable(self, date: str) -> dict[str, Any]:
        """Read the payable charges of the period that holds a date."""
        told: dict[str, Any] = self.get(PAYABLE, date=date)
        return told

    def customer_id(self, name: str) -> str:
        """Return the id of the customer with a display name."""
        return next(item["id"] for item in self.get(f"{PROVIDER}/customers")["items"] if item["displayName"] == name)

    def of_customer(self, path: str, name: str, **query: Any) -> Any:
        """Read a list of the customer with a display name."""
        return self.get(f"{PROVIDER}/billing/{path}", customerId=self.customer_id(name), **query)


def tag(charge: dict[str, Any], name: str = "CustomerDisplayName") -> str | None:
    """Return the value of a tag of a charge; None where there is none."""
    return next((entry["value"] for entry in charge["tags"] or [] if entry["name"] == name), None)
