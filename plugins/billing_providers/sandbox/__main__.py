"""``python -m billing_providers.sandbox``: run the sandbox until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from billing_providers.sandbox.core.sandbox import LINE_API, PUBLISHED
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import DEFAULT_SEED

_NAMES = {  # of systems, as people say them; others are told by their key
    "kaseya_bms": "Kaseya BMS",
    "atria": "Atria",
    "connectwise": "ConnectWise",
    "autotask": "Autotask",
    "msp360": "MSP360",
    "datto_rmm": "Datto RMM",
    "sherweb": "Sherweb",
    "meterline": "Meterline",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the sandbox, tell where it is, wait for a signal, end it."""
    asked = _parser().parse_args(arguments)
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    try:
        server = SandboxServer(port=asked.port, bms_shape=asked.shape, seed=asked.seed, latency_ms=asked.latency_ms)
    except OSError as error:
        sys.stderr.write(f"cannot listen on port {asked.port}: {error.strerror}\n")
        return 1
    with server as box:
        _tell(box, asked.shape)
        if asked.ready_file:
            _write_ready_file(box, asked.ready_file)
        try:
            ended.wait()
        finally:
            if asked.ready_file:
                asked.ready_file.unlink(missing_ok=True)
    sys.stdout.write("The sandbox has ended.\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m billing_providers.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on loopback; 0 (default) takes a free one")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument(
        "--line-api",
        dest="shape",
        action="store_const",
        const=LINE_API,
        default=LINE_API,
        help="BMS also has the tenant's calls for contract lines (default)",
    )
    shape.add_argument(
        "--published", dest="shape", action="store_const", const=PUBLISHED, help="BMS is exactly the published V2 API"
    )
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="seed of the simulated MSP")
    parser.add_argument("--latency-ms", type=int, default=0, help="every answer takes at least so long")
    parser.add_argument("--ready-file", type=Path, help="written when the sandbox listens (JSON), removed when it ends")
    return parser


def _tell(box: SandboxServer, shape: str) -> None:
    places = _base_urls(box)
    told = {_NAMES.get(key, key): place for key, place in places.items()}
    told = {f"{name} ({shape})" if name == _NAMES["kaseya_bms"] else name: place for name, place in told.items()}
    told["Control plane"] = box.control_url
    width = max(map(len, told)) + 1
    lines = [f"{name + ':':<{width}} {place}\n" for name, place in told.items()]
    sys.stdout.write("".join(lines) + "Ctrl-C ends it.\n")
    sys.stdout.flush()


def _base_urls(box: SandboxServer) -> dict[str, str]:
    """Return base URLs by system; several systems may share a connection type."""
    return {conn_id.removesuffix("_default"): entry["host"] for conn_id, entry in box.connections().items()}


def _write_ready_file(box: SandboxServer, path: Path) -> None:
    connections = box.connections()
    told = {
        "pid": os.getpid(),
        "port": box.port,
        "control_url": box.control_url,
        "base_urls": _base_urls(box),
        "connections": connections,
    }
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(json.dumps(told, indent=1), encoding="utf-8")
    draft.replace(path)  # whoever waits for the file never sees half of it


if __name__ == "__main__":
    sys.exit(main())
