"""Bare HTTP clients for the sandbox's own tests. They know nothing of the product's hooks."""

from __future__ import annotations

from typing import Any

import requests

from billing_providers.sandbox.credentials import ATRIA_TOKEN, BMS_PASSWORD, BMS_TENANT, BMS_USER
from billing_providers.sandbox.server import SandboxServer

TIMEOUT_S = 20


class BmsClient:
    """One kept-alive session with the simulated BMS, signed in on demand."""

    def __init__(self, box: SandboxServer) -> None:
        self.base_url = box.base_url("kaseya_bms")
        self.session = requests.Session()
        self.tokens: dict[str, Any] = {}

    def sign_in(self, user: str = BMS_USER, **changes: str) -> requests.Response:
        """Sign in with a form; keep the tokens when it works."""
        form = {"GrantType": "password", "UserName": user, "Password": BMS_PASSWORD, "Tenant": BMS_TENANT, **changes}
        answer = self.call("POST", "/v2/security/authenticate", data=form)
        if answer.status_code == 200:
            self.use(answer.json()["result"])
        return answer

    def use(self, tokens: dict[str, Any]) -> None:
        """Send these tokens from now on."""
        self.tokens = tokens
        self.session.headers["Authorization"] = f"Bearer {tokens['accessToken']}"

    def call(self, method: str, path: str, **request: Any) -> requests.Response:
        """Send one request."""
        return self.session.request(method, self.base_url + path, **{"timeout": TIMEOUT_S, **request})

    def get(self, path: str, **query: Any) -> requests.Response:
        """Read."""
        return self.call("GET", path, params=query)

    def search(self, path: str, **body: Any) -> requests.Response:
        """Read with a body."""
        return self.call("POST", path, json=body)

    def put_line(
        self, contract_id: int, line_id: int, units: Any, effective_date: str = "2026-07-26"
    ) -> requests.Response:
        """Set the units of a line."""
        return self.call(
            "PUT",
            f"/v2/finance/contracts/{contract_id}/services/{line_id}",
            json={"units": units, "effectiveDate": effective_date},
        )


def atria_get(box: SandboxServer, end_date: str, token: str = ATRIA_TOKEN, **query: Any) -> requests.Response:
    """Read the billing answer of a period."""
    return requests.get(
        f"{box.base_url('atria')}/api/billing/{end_date}",
        params=query,
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT_S,
    )


def control_call(box: SandboxServer, method: str, path: str, **request: Any) -> requests.Response:
    """Use the control plane over HTTP."""
    return requests.request(method, box.control_url + path, timeout=TIMEOUT_S, **request)
