"""A ConnectWise company made of Python functions: it answers a few paths, and everything else is unknown to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from requests import PreparedRequest

from billing_providers.hooks.connectwise import ConnectWiseHook
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime, Reply, ScriptedServer, reply

COMPANY_INFO = "/login/companyinfo/harbourmsp"
KEYS = {"login": "pubKey-1234567", "password": "privKey-7654321"}
CLIENT_ID = "0c5a1f6e-7d0b-4b7e-9a53-2f6d0b6f5a11"

Query = dict[str, str]
Answer = Callable[[Query], Reply]


class CwTenant:
    """One company. ``answers`` are by method and path below the codebase; a function gets the query (or the body)."""

    def __init__(self, answers: dict[str, Answer | Reply], codebase: str = "v2026_4") -> None:
        self.answers = answers
        self.codebase = codebase
        self.server = ScriptedServer(self._answer)

    def _answer(self, request: PreparedRequest) -> Reply:
        url = urlsplit(request.url or "")
        if url.path == COMPANY_INFO:
            held = self.answers.get("companyinfo", reply({"Codebase": f"{self.codebase}/", "CompanyID": "harbourmsp"}))
        elif url.path.startswith(f"/{self.codebase}/apis/3.0/"):
            path = url.path.removeprefix(f"/{self.codebase}/apis/3.0")
            held = self.answers.get(f"{request.method} {path}", not_found())
        else:
            held = not_found()
        if isinstance(held, tuple):
            return held
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        sent: Any = json.loads(request.body) if request.body else query
        return held(sent if isinstance(sent, dict) else {"body": sent})

    def sent(self, call: str) -> list[PreparedRequest]:
        """Return the requests of a method and path below the codebase, in order."""
        method, _, path = call.partition(" ")
        below = f"/{self.codebase}/apis/3.0{path}"
        return [
            request
            for request in self.server.requests
            if request.method == method and urlsplit(request.url or "").path in {below, path}
        ]

    def queries(self, call: str) -> list[Query]:
        """Return the queries of these requests."""
        return [
            {name: values[0] for name, values in parse_qs(urlsplit(request.url or "").query).items()}
            for request in self.sent(call)
        ]

    def bodies(self, call: str) -> list[Any]:
        """Return the JSON bodies of these requests."""
        return [json.loads(request.body) for request in self.sent(call) if request.body]


def not_found() -> Reply:
    """Return what the server says of a path that it does not know."""
    return reply({"code": "NotFound", "message": "Not found"}, 404)


def forbidden() -> Reply:
    """Return what the server says when the security role lacks a right."""
    return reply({"code": "SecurityError", "message": "You do not have security permission"}, 403)


def forward_only(rows: list[dict[str, Any]], size: int = 1000) -> Answer:
    """Return a list with forward-only paging: each answer links to the next page by the last id."""

    def answer(query: Query) -> Reply:
        after = int(query.get("pageId", 0))
        rest = [row for row in rows if row["id"] > after]
        page = rest[:size]
        links = {}
        if len(rest) > size:
            following = {**query, "pageId": page[-1]["id"]}
            links = {"Link": f'<https://api-eu.example/v/apis/3.0/x?{urlencode(following)}>; rel="next"'}
        return reply(page, **links)

    return answer


def counted_pages(rows: list[dict[str, Any]], *, links: bool, size: int = 1000) -> Answer:
    """Return a list that knows counted pages alone, with or without links to the next one."""

    def answer(query: Query) -> Reply:
        number = int(query.get("page", 1))
        page = rows[(number - 1) * size : number * size]
        headers = {}
        if links and number * size < len(rows):
            following = {**query, "page": number + 1}
            headers = {
                "Link": f'<https://x/y?{urlencode({**query, "page": 1})}>; rel="first", '
                f'<https://x/y?{urlencode(following)}>; rel="next"'
            }
        return reply(page, **headers)

    return answer


def directory(**changes: Any) -> dict[str, Any]:
    """Return the answers of a small tenant; ``changes`` replace rows by the last part of their path."""
    rows: dict[str, list[dict[str, Any]]] = {
        "companies": [{"id": 1, "identifier": "ASP", "name": "Aspen", "status": {"id": 1, "name": "Active"}}],
        "statuses": [{"id": 1, "name": "Active", "inactiveFlag": False}],
        "agreements": [],
        "types": [{"id": 7, "name": "Managed Services"}],
        "billingCycles": [{"id": 2, "name": "Monthly", "billingOptions": "Monthly"}],
        "catalog": [],
        **changes,
    }
    paths = {
        "companies": "/company/companies",
        "statuses": "/company/companies/statuses",
        "agreements": "/finance/agreements",
        "types": "/finance/agreements/types",
        "billingCycles": "/finance/billingCycles",
        "catalog": "/procurement/catalog",
    }
    lists: dict[str, Any] = {f"GET {path}": forward_only(rows[name]) for name, path in paths.items()}
    counts = {f"GET {path}/count": reply({"count": len(rows[name])}) for name, path in paths.items()}
    return {**lists, **counts}


def hook_of(
    monkeypatch: pytest.MonkeyPatch, tenant: CwTenant, time: FrozenTime | None = None, **extra: Any
) -> ConnectWiseHook:
    """Return a hook that speaks to a tenant; keyword arguments are extra fields of its connection."""
    set_connection(
        monkeypatch,
        "cw",
        host="https://api-eu.example",
        **KEYS,
        extra={"company_id": "harbourmsp", "client_id": CLIENT_ID, **extra},
    )
    hook = ConnectWiseHook("cw", clocks=(time or FrozenTime()).clocks())
    hook.client.session.mount("https://", tenant.server)
    return hook
