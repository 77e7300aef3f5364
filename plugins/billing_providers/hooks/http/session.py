"""The kept-alive connections of one hook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests


_CONNECTIONS_KEPT = 32  # more than any gate lets through at once, so that none is opened for one request


def kept_alive_session(base_url: str) -> requests.Session:
    """Return a session for one server: proxies looked up once, no cookies, no netrc, no redirects, no hidden repeats.

    Plain http goes to its server and through no proxy, which would read the credentials.
    """
    import os
    from http.cookiejar import DefaultCookiePolicy

    import requests
    from requests.adapters import HTTPAdapter

    class Session(requests.Session):
        def get_redirect_target(self, resp: Any) -> None:
            """Look at no ``Location``: an address that cannot be read would pass for a request that cannot be made."""

    session = Session()
    session.trust_env = False  # it would look up proxies on every call, and let a .netrc replace our credentials
    if base_url.startswith("https://"):
        session.proxies = dict(requests.utils.get_environ_proxies(base_url))
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=_CONNECTIONS_KEPT, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
