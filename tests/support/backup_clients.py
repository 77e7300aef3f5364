"""Bare HTTP clients for the simulated MSP360 and Meterline. They know nothing of the product's hooks."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import requests

from billing_providers.sandbox.credentials import METERLINE_KEY, METERLINE_TENANT, MSP360_LOGIN, MSP360_PASSWORD
from billing_providers.sandbox.server import SandboxServer

TIMEOUT_S = 20


def exact(answer: requests.Response) -> Any:
    """Return the JSON of an answer with decimals where it has fractions."""
    return json.loads(answer.text, parse_float=Decimal)


class MbsClient:
    """One kept-alive session with the simulated MSP360, signed in on demand."""

    def __init__(self, box: SandboxServer) -> None:
        self.base_url = box.base_url("msp360")
        self.session = requests.Session()

    def sign_in(self, login: Any = MSP360_LOGIN, password: Any = MSP360_PASSWORD) -> requests.Response:
        """Sign in with JSON; keep the token when it works."""
        answer = self.call("POST", "/api/Provider/Login", json={"UserName": login, "Password": password})
        if answer.status_code == 200:
            self.use(answer.json()["access_token"])
        return answer

    def use(self, token: str) -> None:
        """Send this token from now on."""
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **request: Any) -> requests.Response:
        """Send one request."""
        return self.session.request(method, self.base_url + path, **{"timeout": TIMEOUT_S, **request})

    def get(self, path: str, **query: Any) -> Any:
        """Read something that is there."""
        answer = self.call("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return exact(answer)

    def billing(self, date: str | None = None, company: str | None = None) -> Any:
        """Read the billing of a month, of one company or of all."""
        answer = self.call("PUT", "/api/Billing", json={"CompanyName": company, "Date": date})
        assert answer.status_code == 200, answer.text
        return exact(answer)

    def details(self, user_id: str, date: str) -> Any:
        """Read the sizes of a user's machines in a month."""
        answer = self.call("PUT", "/api/Billing/Details", json={"UserID": user_id, "Date": date})
        assert answer.status_code == 200, answer.text
        return exact(answer)


def meterline_get(
    box: SandboxServer, tenant: str = METERLINE_TENANT, key: str | None = METERLINE_KEY, **query: Any
) -> requests.Response:
    """Read usage; ``from_`` is the parameter ``from``."""
    query = {name.rstrip("_"): value for name, value in query.items()}
    headers = {} if key is None else {"X-Api-Key": key}
    return requests.get(
        f"{box.base_url('meterline')}/v1/tenants/{tenant}/usage", params=query, headers=headers, timeout=TIMEOUT_S
    )
