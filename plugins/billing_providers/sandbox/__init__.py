"""The sandbox: simulated PSAs and usage sources as real HTTP/1.1 servers on loopback, with faults on demand.

What it is not: a mock inside the process (requests travel over TCP), a copy of our hooks (it is written from the
published specification alone), or a complete Kaseya BMS (``docs/sandbox.md`` lists what is simulated and which
answers are seen, and which assumed).

1. :mod:`~billing_providers.sandbox.server` listens, and hands each request to the exchange.
2. :mod:`~billing_providers.sandbox.core.exchange` counts it, lets planned faults act, and asks the system's twin.
3. A twin (``<system>/routes.py``, ``state.py``, ``errors.py``) checks the request against the specification first,
   then changes its own state and writes the audit log.
4. :mod:`~billing_providers.sandbox.world` describes the MSP that all twins start from.
5. :mod:`~billing_providers.sandbox.control` is the plane from which tests steer all this; it is no part of any API.

State lives in one :class:`~billing_providers.sandbox.core.sandbox.Sandbox` per server; nothing is global.
"""
