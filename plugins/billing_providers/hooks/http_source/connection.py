"""Airflow's own ``http`` connection, read as the HTTP provider's hook reads it, but with every secret kept.

- Seen (apache-airflow-providers-http, ``HttpHook``): a host with ``://`` is the base URL, otherwise it is made of
  schema, host and port; login and password are Basic authentication; extras are headers, except options of requests.
- Ours: without a schema it is https, not http; every header of the extras is a secret and is masked, also in Airflow's
  logs. Extras that would change where or how is connected (``cert``, ``proxies``, ``verify``, ``srv_lookup``) are
  refused rather than ignored; ``timeout`` and the like are ignored, as the limits of this package apply.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from billing_providers.errors import SecretsError, SettingsError
from billing_providers.hooks.http.addresses import base_url
from billing_providers.hooks.http.sign_in import Headers
from billing_providers.hooks.stored_connection import stored_connection

if TYPE_CHECKING:
    from airflow.sdk import Connection

_IGNORED = frozenset(
    {"stream", "timeout", "allow_redirects", "max_redirects", "trust_env", "check_response"}
)  # options of requests that need not be obeyed: this package has its own limits and follows no redirect
_REFUSED = ("cert", "proxies", "proxy", "srv_lookup", "verify", "verify_ssl")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 §5.6.2
_OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class FixedHeaders:
    """Signs every request with the same headers, which only a person can replace."""

    fixed: Headers

    def headers(self) -> Headers:
        """Return the one set of headers there is."""
        return self.fixed

    def renewed(self, refused: Headers) -> Headers | None:
        """Return nothing: the same headers would be refused again."""
        return None


@dataclass(frozen=True, slots=True)
class HttpConnection:
    """What the source needs of the connection. ``secrets`` are all texts that no message may show."""

    base_url: str
    headers: Headers
    secrets: tuple[str, ...]


def read_connection(conn_id: str, *, allow_http: bool) -> HttpConnection:
    """Read a connection; no request is made.

    :param allow_http: whether plain http to another machine is accepted.
    :raises SecretsError: code 16 when the connection cannot be read, 21 when a password stands without login.
    :raises SettingsError: code 20 when the host is empty; for a URL, header or extra that may not be used.
    """
    where = f"connection {conn_id}"
    found = stored_connection(conn_id, where=where)
    headers = _headers(found.extra_dejson, where)
    secrets = [part for value in headers.values() for part in (value, value.split(" ")[-1])]
    login, password = found.login or "", found.password or ""
    if password and not login:
        raise SecretsError(
            "a password without login is not sent; a key belongs into a header of the extra",
            where=where,
            key="login",
            finding_number=21,
        )
    if login:
        if any(name.casefold() == "authorization" for name in headers):
            raise SettingsError("login and the extra's Authorization exclude each other", where=where, key="login")
        pair = b64encode(f"{login}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
        secrets += [pair, password or login]  # some vendors take a key as login, without password
    return HttpConnection(_base_url(found, where, allow_http), headers, tuple(secrets))


def _base_url(found: Connection, where: str, allow_http: bool) -> str:
    host = (found.host or "").strip()
    if not host:
        raise SettingsError("api url is not available", where=where, key="host", finding_number=20)
    url = host if "://" in host else f"{found.schema or 'https'}://{host}"
    return base_url(f"{url}:{found.port}" if found.port else url, where=where, allow_http=allow_http)


def _headers(extra: Mapping[str, Any], where: str) -> Headers:
    headers: Headers = {}
    for name, value in extra.items():
        if name in _IGNORED:
            continue
        if name in _REFUSED:
            _refuse(name, value, where)
            continue
        if not _HEADER_NAME.fullmatch(name) or name.casefold() in _OURS:
            raise SettingsError("cannot be sent as a header", where=where, key=f"extra {name}", allowed="header names")
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise SettingsError("is no text", where=where, key=f"extra {name}", allowed="the text of a header")
        headers[name] = str(value).strip()
    return headers


def _refuse(name: str, value: object, where: str) -> None:
    harmless: tuple[object, ...] = (None, "", True) if name.startswith("verify") else (None, "", False, {})
    if value in harmless:
        return
    advice = "certificates are always verified, and REQUESTS_CA_BUNDLE and HTTPS_PROXY of the worker are obeyed"
    raise SettingsError("is not supported", where=where, key=f"extra {name}", allowed=f"leave it out; {advice}")
