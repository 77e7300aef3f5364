"""The application as the plugin hands it to Airflow: built at the first request, so that nobody else pays for it.

Every component loads every plugin; only the API server serves pages. FastAPI alone takes a third of a second to import.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from threading import Lock
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class LazyApp:
    """An ASGI application that makes the real one when it is first called. Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._app: Any = None

    @property
    def app(self) -> Any:
        """The real application."""
        with self._lock:
            if self._app is None:
                from billing_providers.pages.app import billing_app

                self._app = billing_app()
            return self._app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self.app(scope, receive, send)
