"""A bare HTTP client for the simulated Datto RMM. It knows nothing of the product's hooks."""

from __future__ import annotations

from typing import Any

import requests

from billing_providers.sandbox.credentials import DATTO_API_KEY, DATTO_API_SECRET
from billing_providers.sandbox.server import SandboxServer

TIMEOUT_S = 20


class RmmClient:
    """One kept-alive session with the simulated Datto RMM, signed in on demand."""

    def __init__(self, box: SandboxServer) -> None:
        self.base_url = box.base_url("datto_rmm")
        self.session = requests.Session()

    def sign_in(
        self, key: str = DATTO_API_KEY, secret: str = DATTO_API_SECRET, client: Any = ("public-client", "public")
    ) -> requests.Response:
        """Ask for a token; keep it when it is given."""
        form = {"grant_type": "password", "username": key, "password": secret}
        answer = requests.post(f"{self.base_url}/auth/oauth/token", data=form, auth=client, timeout=TIMEOUT_S)
        if answer.status_code == 200:
            self.use(answer.json()["access_token"])
        return answer

    def use(self, token: str) -> None:
        """Send this token from now on."""
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, path: str, **query: Any) -> requests.Response:
        """Read ``path`` below ``/api``."""
        return self.session.get(f"{self.base_url}/api{path}", params=query, timeout=TIMEOUT_S)

    def get(self, path: str, **query: Any) -> Any:
        """Read something that is there."""
        answer = self.call(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def all(self, path: str, name: str, **query: Any) -> list[dict[str, Any]]:
        """Read all pages of a list, from one address to the next."""
        page = self.get(path, **query)
        rows: list[dict[str, Any]] = page[name]
        while page["pageDetails"]["nextPageUrl"]:
            answer = self.session.get(page["pageDetails"]["nextPageUrl"], timeout=TIMEOUT_S)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            rows += page[name]
        return rows
