"""All settings files of a folder: one that cannot be used takes none of the others away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from billing_providers.errors import SettingsError
from billing_providers.model.settings import IntegrationSettings
from billing_providers.settings_file.loader import load_settings_file


@dataclass(frozen=True, slots=True)
class SettingsFolder:
    """What a folder holds.

    :param settings: of each file that can be used, by its path.
    :param faults: what is wrong with each other file, by its path.
    """

    settings: dict[Path, IntegrationSettings]
    faults: dict[Path, str]

    def raise_faults(self) -> None:
        """Raise what is wrong.

        :raises SettingsError: with the faults of all files.
        """
        if self.faults:
            told = "\n".join(self.faults.values())
            files = "file" if len(self.faults) == 1 else "files"
            raise SettingsError(f"{len(self.faults)} settings {files} cannot be used:\n{told}", finding_number=13)


def load_settings_folder(folder: str | Path) -> SettingsFolder:
    """Return what the ``.yaml`` and ``.yml`` files of a folder say; a folder that is not there holds none.

    Two files of one integration are both faults: nobody knows which of them is meant.
    """
    settings: dict[Path, IntegrationSettings] = {}
    faults: dict[Path, str] = {}
    for path in _files(Path(folder)):
        try:
            settings[path] = load_settings_file(path)
        except SettingsError as error:
            faults[path] = str(error)
        except Exception as error:  # whatever is wrong with one file, the others go on
            faults[path] = f"{path}: {type(error).__name__}: {error}"
    for path, others in _namesakes(settings).items():
        name = settings.pop(path).integration
        faults[path] = f"{path}: integration: '{name}' is the name of another file too: {', '.join(others)}"
    return SettingsFolder(settings, dict(sorted(faults.items())))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = (path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"} and not path.name.startswith("."))
    return sorted(path for path in found if path.is_file())


def _namesakes(settings: dict[Path, IntegrationSettings]) -> dict[Path, list[str]]:
    """Return the files that name one integration together with others, and these."""
    found: dict[Path, list[str]] = {}
    for path, entry in settings.items():
        same = [other.name for other, named in settings.items() if named.integration == entry.integration]
        if len(same) > 1:
            found[path] = [name for name in same if name != path.name]
    return found
