"""Reads settings from YAML nodes by the types that the settings classes state: a new setting needs no code here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints
from zoneinfo import available_timezones

import yaml

from billing_providers.engine.rules.reading import NodeReader
from billing_providers.errors import SettingsError
from billing_providers.model.settings import IntegrationSettings
from billing_providers.registry import SYSTEMS
from billing_providers.settings_file.words import DURATIONS, TIMES, duration_of, time_of

OFF = ("off", "none")
NAME_MAX = 200  # Airflow takes 250 characters
_STAND_INS: dict[type[Any], Any] = {str: "?", int: 1}  # for what is missing, so that the rest is checked all the same


class SettingsReader(NodeReader):
    """Reads settings; paths are relative to ``folder``. Every reader returns None after it has noted a fault."""

    def __init__(self, origin: str, folder: Path) -> None:
        super().__init__(origin)
        self.folder = folder

    def record(self, node: yaml.Node, key: str, kind: type[Any]) -> Any:
        """Return a settings object; what it refuses itself is a fault at its key, and the rest is checked too."""
        known = {field.name: field for field in fields(kind)}
        entries = self.known(node, key, known)
        if entries is None:
            return None
        needed = [name for name, field in known.items() if _is_required(field)]
        self.required(node, key, entries, needed)
        hints, values = get_type_hints(kind), {}
        for name, value_node in entries.items():
            faults = len(self.faults)
            value = self.value(value_node, _within(key, name), hints[name])
            if len(self.faults) == faults:
                values[name] = value
        stand_ins = {name: _STAND_INS[hints[name]] for name in needed}
        return self._made(node, key, kind, entries, stand_ins | values)

    def _made(
        self, node: yaml.Node, key: str, kind: type[Any], entries: dict[str, yaml.Node], values: dict[str, Any]
    ) -> Any:
        while True:
            try:
                return kind(**values)
            except SettingsError as error:
                hint = _near_zone(values) if error.key == "timezone" else ""
                place = _within(key, error.key)
                self.fault(entries.get(error.key, node), place, f"{error.problem}{hint}", allowed=error.allowed)
                if error.key not in values or _is_required(next(f for f in fields(kind) if f.name == error.key)):
                    return None
                del values[error.key]

    def unknown(self, node: yaml.Node, key: str, allowed: Any, *, what: str) -> None:
        """Note a name that is not known; one of another section is told by its place."""
        home = _SECTION_OF.get(key) if what == "key" else None
        if home:
            self.fault(node, key, f"belongs under '{home}'", shown=False)
        else:
            super().unknown(node, key, allowed, what=what)

    def value(self, node: yaml.Node, key: str, hint: Any) -> Any:
        """Return a value of a stated type."""
        kind, optional = _without_none(hint)
        if optional and isinstance(node, yaml.ScalarNode) and node.value.casefold() in OFF:
            return None
        if key in _BY_NAME:
            return _BY_NAME[key](self, node, key)
        if isinstance(kind, type) and is_dataclass(kind):
            return self.record(node, key, kind)
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            word = self.word(node, key, [member.value for member in kind])
            return None if word is None else kind(word)
        return _BY_TYPE[get_origin(kind) or kind](self, node, key)

    def dag_name(self, node: yaml.Node, key: str) -> str | None:
        """Return a text that Airflow takes as the name of a DAG, also with what the watch adds to it."""
        text = self.text(node, key)
        if text is not None and not re.fullmatch(rf"[\w.-]{{1,{NAME_MAX}}}", text):
            self.fault(node, key, "is no name for a DAG", allowed=f"letters, digits, _ - . (at most {NAME_MAX})")
            return None
        return text

    def system(self, node: yaml.Node, role: str) -> str | None:
        """Return the key of a source or PSA of the registry."""
        return self.word(node, role, [system.key for system in SYSTEMS.values() if system.role == role], what=role)

    def words(self, node: yaml.Node, key: str) -> str | None:
        """Return a text; ``""`` is one."""
        return self.text(node, key, empty=True)

    def whole_number(self, node: yaml.Node, key: str) -> int | None:
        """Return a whole number."""
        text = self.text(node, key)
        if text is not None and not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
            self.fault(node, key, "is no whole number", allowed="0, 1, 2, …")
            return None
        return None if text is None else int(text)

    def yes_or_no(self, node: yaml.Node, key: str) -> bool | None:
        """Return a yes or no."""
        word = self.word(node, key, ("yes", "no", "true", "false"))
        return None if word is None else word in {"yes", "true"}

    def duration(self, node: yaml.Node, key: str) -> timedelta | None:
        """Return a duration."""
        text = self.text(node, key)
        found = None if text is None else duration_of(text)
        if text is not None and found is None:
            self.fault(node, key, "is no duration", allowed=DURATIONS)
        return found

    def time_of_day(self, node: yaml.Node, key: str) -> time | None:
        """Return a time of day."""
        text = self.text(node, key)
        found = None if text is None else time_of(text)
        if text is not None and found is None:
            self.fault(node, key, "is no time of day", allowed=TIMES)
        return found

    def texts(self, node: yaml.Node, key: str) -> tuple[str, ...] | None:
        """Return a list of texts."""
        found = [self.text(entry, key) for entry in self.entries(node, key) or []]
        return tuple(text for text in found if text is not None)

    def file(self, node: yaml.Node, key: str) -> str | None:
        """Return the path of a file that is there; a relative one starts at the settings file; ``""``: none."""
        text = self.text(node, key, empty=True)
        if not text:
            return text
        path = (self.folder / text).resolve()
        if not path.is_file():
            there = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
            near = get_close_matches(path.name, there, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            self.fault(node, key, f"there is no file {path}{hint}", allowed="a path, relative to this file")
            return None
        return str(path)

    def address(self, node: yaml.Node, key: str) -> str | None:
        """Return a URL as it is, or a path; a relative one starts at the settings file's folder."""
        text = self.text(node, key, empty=True)
        return text if not text or "://" in text else str((self.folder / text).resolve())

    def options(self, node: yaml.Node, key: str) -> dict[str, Any] | None:
        """Return options of a source: texts, whole numbers, yes or no, lists and tables of them."""
        entries = self.mapping(node, key)
        if entries is None:
            return None
        return {name: self.plain(value, _within(key, name)) for name, (_, value) in entries.items()}

    def plain(self, node: yaml.Node, key: str) -> Any:
        """Return a value as it was written: digits alone are a whole number, a decimal stays its own text."""
        if isinstance(node, yaml.MappingNode):
            return self.options(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(entry, key) for entry in node.value]
        text = self.text(node, key, empty=True)
        if text is None or getattr(node, "style", None) is not None:  # quoted
            return text
        if text in {"true", "false"}:
            return text == "true"
        return int(text) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text) else text


_Reading = Callable[[SettingsReader, yaml.Node, str], Any]

_BY_NAME: dict[str, _Reading] = {
    "integration": SettingsReader.dag_name,
    "source": SettingsReader.system,
    "psa": SettingsReader.system,
    "rules": SettingsReader.file,
    "customer_map": SettingsReader.file,
    "service_map": SettingsReader.file,
    "line_terms": SettingsReader.file,
    "movement": SettingsReader.file,
    "artifacts": SettingsReader.address,
}
_BY_TYPE: dict[Any, _Reading] = {
    str: SettingsReader.words,
    int: SettingsReader.whole_number,
    bool: SettingsReader.yes_or_no,
    Decimal: SettingsReader.number,
    timedelta: SettingsReader.duration,
    time: SettingsReader.time_of_day,
    date: SettingsReader.day,
    tuple: SettingsReader.texts,
    dict: SettingsReader.options,
}


def _within(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Return a type, and whether it may be none."""
    if get_origin(hint) is not UnionType:
        return hint, False
    (kind,) = (part for part in get_args(hint) if part is not type(None))
    return kind, True


def _near_zone(values: dict[str, Any]) -> str:
    near = get_close_matches(values["timezone"], available_timezones(), 1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _sections() -> dict[str, str]:
    """Return in which section each setting stands that is none of the file itself."""
    hints = {name: _without_none(hint)[0] for name, hint in get_type_hints(IntegrationSettings).items()}
    return {field.name: name for name, kind in hints.items() if is_dataclass(kind) for field in fields(kind)}


_SECTION_OF = {name: home for name, home in _sections().items() if name not in get_type_hints(IntegrationSettings)}
