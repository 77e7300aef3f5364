"""Base URLs: https, or plain http on this machine alone unless a person says otherwise."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from billing_providers.errors import SettingsError


def base_url(text: str, *, where: str, key: str = "host", allow_http: bool = False) -> str:
    """Return a base URL without trailing slash; a bare host name gets ``https://``.

    :param where, key: the connection and its field, for messages.
    :raises SettingsError: for another scheme, plain http to another machine, credentials, a query or a fragment.
    """
    url = text.strip() if "://" in text else f"https://{text.strip()}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise SettingsError("not a URL", where=where, key=key, value=without_credentials(url), allowed=_ALLOWED)
    problem = _problem(parts, host, allow_http)
    if problem:
        raise SettingsError(problem, where=where, key=key, value=without_credentials(url), allowed=_ALLOWED)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def without_credentials(url: str) -> str:
    """Return a URL without user, password, query and fragment, to be kept and shown."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    path = path.partition("?")[0].partition("#")[0]
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}" if separator else url


_ALLOWED = "a base URL such as https://api.example.com; http:// only on this machine, or with allow_http"


def _problem(parts: SplitResult, host: str, allow_http: bool) -> str:
    if parts.scheme not in {"http", "https"}:
        return f"the scheme {parts.scheme} is not supported"
    if "@" in parts.netloc:
        return "holds credentials; they belong into login and password"
    if parts.query or parts.fragment:
        return "holds a query or a fragment"
    if parts.scheme == "http" and not allow_http and not _is_this_machine(host):
        return "plain http would send credentials readably"
    return ""


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
