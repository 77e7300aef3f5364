"""``python -m billing_providers.sandbox`` as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

PLUGINS = Path(__file__).parents[3] / "plugins"


@contextmanager
def _sandbox(ready: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "billing_providers.sandbox", "--ready-file", str(ready), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PLUGINS)},
    )
    try:
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "not ready after a minute"
            time.sleep(0.05)
        yield process, json.loads(ready.read_text(encoding="utf-8"))
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_tells_where_it_is_and_ends_leaving_nothing(tmp_path: Path, end: signal.Signals) -> None:
    """Started, it prints its addresses; ended by a signal, it exits 0 and leaves no port, file or process."""
    ready = tmp_path / "ready.json"
    with _sandbox(ready, "--published") as (process, told):
        answer = requests.get(f"{told['control_url']}/settings", timeout=10)
        process.send_signal(end)
        output, errors = process.communicate(timeout=30)

    assert answer.json()["bms_shape"] == "published"
    assert (process.returncode, errors) == (0, "")
    assert told["base_urls"]["kaseya_bms"] in output
    assert told["connections"]["atria_default"]["host"] == told["base_urls"]["atria"]
    assert not ready.exists()
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", told["port"]), timeout=2):
        pass


def test_a_taken_port_is_an_error_in_words(tmp_path: Path) -> None:
    """Another server on the port: one line that says so, and exit 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "billing_providers.sandbox", "--port", str(port)],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": str(PLUGINS)},
        )

    assert done.returncode == 1
    assert done.stderr.startswith(f"cannot listen on port {port}: ")
    assert "Traceback" not in done.stderr
