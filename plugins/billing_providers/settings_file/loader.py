"""Loads the settings of an integration from a YAML file. Everything that is wrong in it is told at once.

A fault names file, line, key, value, what is allowed and, where there is one, the nearest known name. On the command
line, ``python -m billing_providers.settings_file.loader FILE…`` tells the faults of files without Airflow.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from billing_providers.errors import SettingsError
from billing_providers.model.settings import IntegrationSettings
from billing_providers.settings_file.secrets import without_secrets
from billing_providers.settings_file.values import SettingsReader
from billing_providers.settings_file.yaml_root import yaml_root


def load_settings_file(path: str | Path) -> IntegrationSettings:
    """Return the settings of a UTF-8 file.

    :raises SettingsError: when it cannot be read, or for its faults; code 13.
    """
    where = Path(path)
    try:
        text = where.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(f"cannot be read: {reason}", where=str(path), finding_number=13) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"is not UTF-8 at byte {error.start}", where=str(path), finding_number=13) from None
    return load_settings(text, str(path), where.parent)


def load_settings(text: str, origin: str, folder: Path) -> IntegrationSettings:
    """Return the settings that a YAML text says.

    :param origin: the file's name, for messages.
    :param folder: where relative paths start.
    :raises SettingsError: for all faults of the text together; code 13.
    """
    root = yaml_root(text, origin)
    reader = SettingsReader(origin, folder)
    without_secrets(reader, root)
    settings: IntegrationSettings = reader.record(root, "", IntegrationSettings)
    if settings is not None:
        _check_delay(reader, root, settings)
    reader.raise_faults()
    return settings


def _check_delay(reader: SettingsReader, root: yaml.Node, settings: IntegrationSettings) -> None:
    """Note a delay that Airflow would refuse in a DAG, where its fault would stand against all files of the folder."""
    from billing_providers.timetables.billing_period import SETTLE_DELAY_MAX

    if settings.settle_delay >= SETTLE_DELAY_MAX:
        node = next(value for name, value in root.value if name.value == "settle_delay")
        allowed = f"less than {SETTLE_DELAY_MAX.days} days"
        reader.fault(node, "settle_delay", "is as long as a period", allowed=allowed)


def main(paths: Sequence[str]) -> int:
    """Tell the faults of files; return how many have some."""
    wrong = 0
    for path in paths:
        try:
            settings = load_settings_file(path)
        except SettingsError as error:
            wrong += 1
            sys.stderr.write(f"{error}\n")
        else:
            sys.stdout.write(f"{path}: {settings.integration}, {settings.source} to {settings.psa}\n")
    return wrong


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
