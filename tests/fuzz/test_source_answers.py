"""Every source of the registry reads every answer: a changed one gives a result, a finding or an error by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.model.source import UsageRead
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World
from tests.fuzz.budget import examples
from tests.fuzz.hostile import byte_changes, json_changes
from tests.fuzz.tape import Key, Tape
from tests.fuzz.told import result_or_error
from tests.fuzz.usage import SOURCES, check_kept, connected, settings_of, usage_of


class Played:
    """A source whose valid answers are on a tape."""

    def __init__(self, key: str, tape: Tape, read: Callable[[], UsageRead]) -> None:
        self.key, self.tape, self.read = key, tape, read
        self.requests: list[Key] = list(tape.asked)

    def read_changed(self, share: float, change: Callable[[bytes], bytes]) -> None:
        """Read with one answer changed, and check what comes of it."""
        self.tape.spoiled, self.tape.spoil = self.requests[int(share * len(self.requests))], change
        read = result_or_error(self.read)
        if isinstance(read, UsageRead):
            check_kept(read, self.key)


@pytest.fixture(scope="module", params=SOURCES)
def played(
    request: pytest.FixtureRequest, box: SandboxServer, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    """One source of the registry, read once."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    settings = settings_of(request.param, world, folder)
    with ExitStack() as stack:
        stack.enter_context(connected(box))
        tape = stack.enter_context(Tape().playing())
        clean = usage_of(settings)
        assert clean.records
        if not tape.asked:
            pytest.skip(f"{request.param} asks no server: see test_usage_files.py")
        yield Played(request.param, tape, lambda: usage_of(settings))


@examples(60)
@given(share=st.floats(0, 0.999), change=json_changes())
def test_an_answer_with_other_values_gives_a_result_or_an_error_by_name(
    played: Played, share: float, change: Callable[[bytes], bytes]
) -> None:
    """A value that is not what the API promises is told; it never ends a run as an error of Python."""
    played.read_changed(share, change)


@examples(25)
@given(share=st.floats(0, 0.999), change=byte_changes())
def test_an_answer_with_other_bytes_gives_a_result_or_an_error_by_name(
    played: Played, share: float, change: Callable[[bytes], bytes]
) -> None:
    """Half an answer, another encoding or no JSON at all is told; it is never zero."""
    played.read_changed(share, change)
