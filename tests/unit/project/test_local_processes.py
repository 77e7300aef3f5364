"""What the demo and the local Airflow start, they end: also orphans, also children that do not listen."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from scripts.airflow_cluster import OWNED, make_home
from scripts.local_processes import LocalProcesses, free_port

# A child that leaves a grandchild behind, in another session, deaf to SIGTERM; then waits, or fails.
PARENT = """
import subprocess, sys, time
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(300)"
orphan = subprocess.Popen([sys.executable, "-c", child], start_new_session=True, stdout=subprocess.PIPE)
orphan.stdout.readline()
print(orphan.pid, flush=True)
{then}
"""


def start(processes: LocalProcesses, then: str) -> int:
    processes.start("parent", [sys.executable, "-c", PARENT.format(then=then)], os.environ)
    log = processes.log_of("parent")
    processes.wait_until(lambda: log.read_text(encoding="utf-8").endswith("\n"), what="the parent", wait_s=30)
    return int(log.read_text(encoding="utf-8"))


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_ending_reaches_orphans_and_leaves_others_alone(tmp_path):
    """A grandchild in its own session that ignores SIGTERM ends too; a process without our mark does not."""
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    try:
        with LocalProcesses(tmp_path) as processes:
            orphan = start(processes, "time.sleep(300)")
            assert runs(orphan)

        assert not runs(orphan)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("with_children", [False, True])
def test_a_killed_child_dies_alone_or_with_everything_and_can_be_started_again(tmp_path, with_children):
    """A process that dies leaves its children behind; a machine that dies does not. Neither counts as a failure."""
    with LocalProcesses(tmp_path) as processes:
        orphan = start(processes, "time.sleep(300)")
        processes.kill("parent", with_children=with_children)
        processes.check()

        assert runs(orphan) is not with_children
        assert len(processes.left_running()) == (0 if with_children else 1)
        processes.start("parent", [sys.executable, "-c", "import time; time.sleep(300)"], os.environ)
        processes.check()
        assert processes.log_of("parent").read_text(encoding="utf-8") == f"{orphan}\n"
    assert processes.left_running() == []


def test_a_child_that_fails_is_reported_with_the_end_of_its_log(tmp_path):
    """Nobody waits for something that has died; its last words are shown."""
    with LocalProcesses(tmp_path) as processes:
        processes.start("parent", [sys.executable, "-c", "print('last words'); raise SystemExit(3)"], os.environ)
        with pytest.raises(RuntimeError, match=r"parent ended with status 3:\nlast words"):
            processes.wait_until(lambda: False, what="the parent", wait_s=30)


def test_a_taken_port_is_not_chosen():
    """Another Airflow on the usual port is no obstacle."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert free_port(port) != port


def test_only_a_home_that_we_made_is_removed(tmp_path: Path):
    """A folder of somebody else is never deleted."""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    (theirs / "airflow.db").touch()
    make_home(ours)
    (ours / "airflow.db").touch()
    make_home(ours)

    with pytest.raises(RuntimeError, match="is not ours to remove"):
        make_home(theirs)
    assert (theirs / "airflow.db").exists()
    assert [path.name for path in ours.iterdir()] == [OWNED]
