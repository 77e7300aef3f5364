"""The file of a mapping table as the settings of a DAG name it: read for the pages, and written where that is allowed.

Writing is off unless the environment of the API server says ``BILLING_PAGES_MAY_WRITE_MAPPINGS=true``. The file is
replaced as a whole, or not at all, and only while it holds what the person saw.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from billing_providers.errors import SettingsError
from billing_providers.model.mapping_decisions import MappedKind

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger

MAY_WRITE = "BILLING_PAGES_MAY_WRITE_MAPPINGS"
_KEYS = {MappedKind.CUSTOMER: "customer_map", MappedKind.SERVICE: "service_map"}
_NEVER_WRITTEN = "0" * 64


@dataclass(frozen=True, slots=True)
class MappingFile:
    """A mapping table where its runs read it.

    :ivar path: as the settings name it; empty: they name none.
    :ivar text: what it holds; empty when it cannot be read here.
    :ivar digest: of its bytes.
    :ivar why_not: why it cannot be read here; empty: it can.
    """

    path: str
    text: str
    digest: str
    why_not: str

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return Path(self.path).name


def mapping_file(ledger: Ledger, dag_id: str, kind: MappedKind) -> MappingFile:
    """Return the file of a mapping table, as the last run of the DAG was told where it is."""
    logged = ledger.settings_log.last(dag_id)
    path = dict(logged.settings).get(_KEYS[kind], "") if logged else ""
    if not path:
        why = "no run has told its settings yet" if logged is None else f"the settings name no {_KEYS[kind]}"
        return MappingFile("", "", _NEVER_WRITTEN, why)
    try:
        held = Path(path).read_bytes()
        return MappingFile(path, held.decode("utf-8"), hashlib.sha256(held).hexdigest(), "")
    except OSError as error:
        return MappingFile(path, "", _NEVER_WRITTEN, f"it cannot be read on this machine: {error.strerror}")
    except UnicodeDecodeError:
        return MappingFile(path, "", _NEVER_WRITTEN, "it is not UTF-8")


def may_write() -> bool:
    """Whether this deployment lets the pages write mapping tables."""
    return os.environ.get(MAY_WRITE, "").strip().casefold() in {"1", "true", "yes", "on"}


def write_mapping_file(file: MappingFile, text: str) -> None:
    """Put a text in place of what a file holds, at once and durably.

    :raises SettingsError: when that is not allowed here, the file is no longer what ``file`` says, or it is reached
        through a link that leaves its folder.
    """
    if not may_write():
        raise SettingsError("may not be written from here", where=file.path, allowed=f"{MAY_WRITE}=true")
    if file.why_not:
        raise SettingsError(f"is not written: {file.why_not}", where=file.path or "the mapping table")
    path = _inside_its_folder(Path(file.path))
    try:
        with _alone_in(path.parent):
            if hashlib.sha256(path.read_bytes()).hexdigest() != file.digest:
                raise SettingsError("was changed by somebody else meanwhile; look at it again", where=file.path)
            _replace(path, text.encode())
    except OSError as error:
        raise SettingsError(f"cannot be written: {error.strerror}", where=file.path) from None


def _inside_its_folder(path: Path) -> Path:
    folder, real = path.parent.resolve(), path.resolve()
    if real.parent != folder or not real.is_file():
        raise SettingsError("is a link that leaves its folder, and is not written through", where=str(path))
    return real


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other writers of these pages out of a folder."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(path: Path, held: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(held)
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode & 0o777
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
