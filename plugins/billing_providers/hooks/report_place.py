"""Where a period's report lies, whether it is there and whole yet, and what it holds: what all file sources share.

- The place is any URL that Airflow's ``ObjectStoragePath`` reads. Placeholders in it are filled with digits and
  hyphens only, so a period can never lead to another folder, and on this machine no link leads out of the folder.
- Half-written files: local disks, shares and SFTP show a file while it is written; object stores show it when it is
  whole. So a file is taken as whole some time after its last change (inferred from how these stores work), where the
  store tells that time. An empty file and one that breaks off are told by their content.
- Failing: a file that is not there or a store that does not answer is code 03; a URL that no store reads is a
  settings error. Errors of stores are named by their type alone, as their texts may hold credentials.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from billing_providers.errors import FailureClass, SecretsError, SettingsError, Unreachable
from billing_providers.hooks.http.addresses import without_credentials
from billing_providers.hooks.report_files import BYTES_MAX, Sheet, read_csv, read_xlsx, too_large

_ROWS_PEEKED = 5000  # two more are read: the headings, and one to know that there are more
_PLACEHOLDER = re.compile(r"{([^{}]*)}")
# Where each store keeps the time of the last change: local and SFTP, S3, Azure, Google.
_CHANGED_KEYS = ("mtime", "LastModified", "last_modified", "updated")


@dataclass(frozen=True, slots=True)
class ReportPlace:
    """The place of one kind of report, and how its file is written.

    :param name: how messages call the report, e.g. ``Atria report``.
    :param url: where the file is; may hold the placeholders.
    :param placeholders: names that the URL may hold in braces.
    :param conn_id: Airflow connection of the storage; None: as the URL says.
    :param kind: ``csv`` or ``xlsx``; empty: by the file's ending.
    :param sheet: worksheet of an XLSX file; empty: the first.
    :param delimiter: of a CSV file; empty: found out.
    :param encoding: of a CSV file; empty: found out.
    :param whole_file_after_s: seconds since its last change after which a file is taken as whole.
    :raises SettingsError: for plain http or ftp, an unknown placeholder or kind of file, a delimiter of several
        characters, or a number of seconds below 0.
    """

    name: str
    url: str
    placeholders: tuple[str, ...]
    conn_id: str | None = None
    kind: str = ""
    sheet: str = ""
    delimiter: str = ""
    encoding: str = ""
    whole_file_after_s: int = 120

    def __post_init__(self) -> None:
        if self.url.partition("://")[0].casefold() in {"http", "ftp"} and "://" in self.url:
            raise SettingsError(
                "can be changed on its way, and it is billed",
                where=self.name,
                key="url",
                value=without_credentials(self.url),
                allowed="a path, file://, https://, sftp:// or an object store",
            )
        for name in _PLACEHOLDER.findall(self.url):
            if name not in self.placeholders:
                allowed = ", ".join(f"{{{placeholder}}}" for placeholder in self.placeholders)
                raise SettingsError("unknown placeholder", where=self.name, key="url", value=name, allowed=allowed)
        if self._kind not in {"csv", "txt", "xlsx"}:
            raise SettingsError(
                "unknown kind of file", where=self.name, key="kind", value=self._kind, allowed="csv, xlsx"
            )
        if len(self.delimiter) > 1:
            raise SettingsError(
                "is not one character", where=self.name, key="delimiter", value=self.delimiter, allowed=", ; tab |"
            )
        seconds = self.whole_file_after_s
        if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 0:
            raise SettingsError(
                "not a number of seconds",
                where=self.name,
                key="whole_file_after_s",
                value=seconds,
                allowed="0 or more, e.g. 120",
            )

    def address(self, dates: Mapping[str, str]) -> str:
        """Return the URL with its placeholders filled in."""
        return _PLACEHOLDER.sub(lambda found: dates[found[1]], self.url)

    def not_there_why(self, address: str) -> str:
        """Say why a file is not there or not whole yet, as far as the store tells without reading it; else empty.

        :raises RequestError: when the store does not answer (code 03).
        """
        shown = without_credentials(address)
        with self._store_faults(shown):
            try:
                told = self._path(address).stat()
            except FileNotFoundError:
                return f"there is no file yet at {shown}"
        if not told.get("size", 1):
            return f"{shown} is empty so far"
        changed = _changed(told)
        if changed is None or self.whole_file_after_s == 0:
            return ""
        age_s = int(datetime.now(UTC).timestamp() - changed)
        if age_s >= self.whole_file_after_s:
            return ""
        when = datetime.fromtimestamp(changed, UTC).isoformat(timespec="seconds")
        ahead = ", which is in the future: check the clocks" if age_s < 0 else ""
        return (
            f"{shown} may still be being written: it was changed at {when}{ahead}; it is taken as whole "
            f"{self.whole_file_after_s} s after its last change"
        )

    def read(self, address: str, *, rows_max: int | None = None) -> Sheet:
        """Return what a file holds; an empty one has no headings.

        :param rows_max: how many rows of an XLSX file are read; a CSV file is always read to its end.
        :raises RequestError: when it is not there or cannot be read (code 03).
        :raises SettingsError: when it is too large, the encoding does not fit or there is no such worksheet.
        """
        shown = without_credentials(address)
        self._refuse_link(address, shown)
        with self._store_faults(shown), self._path(address).open("rb") as file:
            content = file.read(BYTES_MAX + 1)
        if len(content) > BYTES_MAX:
            raise too_large(len(content), shown)
        if not content.strip():
            return Sheet()
        if self._kind == "xlsx":
            return read_xlsx(content, sheet_name=self.sheet, rows_max=rows_max, where=shown)
        return read_csv(content, delimiter=self.delimiter, encoding=self.encoding, where=shown)

    def first_rows(self, address: str) -> Sheet:
        """Return a file's first rows, enough to tell what it is while it is waited for; ``more_rows``: not all of them.

        :raises RequestError: as :meth:`read`.
        :raises SettingsError: as :meth:`read`.
        """
        sheet = self.read(address, rows_max=_ROWS_PEEKED + 2)
        sheet.more_rows = sheet.more_rows or len(sheet.rows) > _ROWS_PEEKED
        return sheet

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the place of the report can be reached."""
        folder = re.split(r"[^/]*{", self.url, maxsplit=1)[0]
        shown = without_credentials(folder)
        try:
            found = bool(self._path(folder).exists())
        except Exception as error:  # every storage has its own errors, and this only tells
            return False, f"{shown} cannot be reached ({type(error).__name__})"
        return found, f"{shown} {'can be read' if found else 'does not exist'}"

    def _refuse_link(self, address: str, shown: str) -> None:
        """Refuse a local file that is a link out of its folder: who may put files there may not read this machine."""
        with self._store_faults(shown):
            path = self._path(address)
            if path.protocol not in {"", "file", "local"}:
                return
            inside = Path(path.path).resolve().is_relative_to(_fixed_folder(self.url).resolve())
        if not inside:
            raise SettingsError("is a link out of its folder", where=self.name, key="url", value=shown)

    @property
    def _kind(self) -> str:
        return (self.kind or PurePosixPath(self.url).suffix.removeprefix(".")).casefold()

    def _path(self, address: str) -> Any:
        from airflow.sdk import ObjectStoragePath

        return ObjectStoragePath(address, conn_id=self.conn_id)

    @contextmanager
    def _store_faults(self, shown: str) -> Iterator[None]:
        from airflow.sdk.exceptions import AirflowNotFoundException

        try:
            yield
        except AirflowNotFoundException:
            raise SecretsError("the connection of the storage does not exist", where=self.name, key="conn_id") from None
        except (ValueError, ImportError) as error:
            raise SettingsError(
                f"no storage reads this address ({type(error).__name__})",
                where=self.name,
                key="url",
                value=shown,
                allowed="a path, file:// or the scheme of an installed provider, such as s3://",
            ) from None
        except Exception as error:  # every storage has its own errors
            problem = "there is no such file" if isinstance(error, FileNotFoundError) else type(error).__name__
            raise Unreachable(
                f"{self.name} {shown}: {problem}", url=shown, finding_number=3, failure_class=FailureClass.SOURCE
            ) from None


def _fixed_folder(url: str) -> Path:
    """Return the folder of a local URL that no placeholder changes: the last one before the first of them."""
    whole = url.partition("://")[2] if "://" in url else url
    return Path(re.split(r"[^/]*{", whole, maxsplit=1)[0].rpartition("/")[0] or "/")


def _changed(told: Mapping[str, Any]) -> float | None:
    """Return the time of the last change as the store tells it, in seconds since 1970; None when it does not."""
    value = next((told[key] for key in _CHANGED_KEYS if told.get(key)), None)
    if isinstance(value, datetime):
        return value.timestamp()
    return float(value) if isinstance(value, int | float) else None
