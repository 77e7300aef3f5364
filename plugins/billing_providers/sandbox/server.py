"""The sandbox as a server: one port on loopback, a path prefix per system, and the control plane beside them.

>>> from billing_providers.sandbox.server import SandboxServer
>>> with SandboxServer() as box:  # doctest: +ELLIPSIS
...     box.base_url("kaseya_bms")
'http://127.0.0.1:.../kaseya_bms'
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.control.plane import Control
from billing_providers.sandbox.control.routes import PREFIX, ControlRoutes
from billing_providers.sandbox.core.exchange import Exchange, Wire
from billing_providers.sandbox.core.listener import HOST, Listener
from billing_providers.sandbox.core.messages import Request, Response
from billing_providers.sandbox.core.sandbox import LINE_API, Sandbox, SandboxSettings
from billing_providers.sandbox.world import DEFAULT_SEED, build_world

if TYPE_CHECKING:
    from billing_providers.sandbox.world import World


class SandboxServer:
    """One sandbox, listening between :meth:`start` and :meth:`stop`, or inside ``with``.

    :param port: 0 takes a free one.
    :param world: the MSP; None builds that of ``seed``.
    :param bms_shape: ``line_api`` or ``published``.
    :param settings: any other of :class:`~billing_providers.sandbox.core.sandbox.SandboxSettings`.
    :raises ValueError: for an unknown setting.
    :raises OSError: when the port is taken.
    """

    def __init__(
        self,
        port: int = 0,
        world: World | None = None,
        bms_shape: str = LINE_API,
        seed: int = DEFAULT_SEED,
        **settings: Any,
    ) -> None:
        chosen = SandboxSettings()
        chosen.change(bms_shape=bms_shape, **settings)
        self._sandbox = Sandbox(world or build_world(seed), chosen)
        self._exchange = Exchange(self._sandbox)
        self._listener = Listener(port, self._serve)
        self.control = Control(self._sandbox, self._listener.listen_again)
        self._control_routes = ControlRoutes(self.control)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._listener.port

    @property
    def control_url(self) -> str:
        """Base URL of the control plane."""
        return f"http://{HOST}:{self.port}{PREFIX}"

    def base_url(self, system: str) -> str:
        """Return the base URL of a simulated system.

        :raises KeyError: for an unknown one.
        """
        return f"http://{HOST}:{self.port}/{self._sandbox.twins[system].key}"

    def connections(self) -> dict[str, dict[str, Any]]:
        """Return an Airflow connection per system, by connection id, as ``AIRFLOW_CONN_…`` takes it in JSON."""
        return {
            f"{key}_default": {**deepcopy(twin.connection), "host": self.base_url(key)}
            for key, twin in self._sandbox.twins.items()
        }

    def start(self) -> SandboxServer:
        """Listen."""
        self._listener.start()
        return self

    def stop(self) -> None:
        """Close the port and every connection; requests under way are cut off."""
        self._listener.stop()
        self._exchange.stop()

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self, request: Request) -> Wire:
        first, _, rest = request.path.lstrip("/").partition("/")
        inner = replace(request, path=f"/{rest}")
        if f"/{first}" == PREFIX:
            return Wire(self._control_routes.answer(inner))
        twin = self._sandbox.twins.get(first)
        if twin is None:
            known = ", ".join(f"/{key}" for key in (*self._sandbox.twins, PREFIX.strip("/")))
            return Wire(Response(404, {"error": f"nothing at {request.path}; there are: {known}"}))
        return self._exchange.serve(twin, inner)
