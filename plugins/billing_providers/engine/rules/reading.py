"""Reads values from the nodes of a YAML file and remembers every fault with its line, so that all are told at once.

Values are read from the text that was written, never through YAML's own numbers and dates: ``0.10`` stays ``0.10``,
``0123`` is a SKU, and no quantity ever was a float.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import yaml

from billing_providers.errors import SettingsError
from billing_providers.model.decimals import DecimalError, decimal_from_text

_SHOWN_MAX = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a file."""

    line: int
    key: str
    problem: str
    value: str | None
    allowed: str

    def error(self, origin: str) -> SettingsError:
        """Return the fault as an exception of code 13."""
        return SettingsError(
            self.problem,
            where=f"{origin}, line {self.line}",
            key=self.key,
            value=self.value,
            allowed=self.allowed,
            finding_number=13,
        )


@dataclass(slots=True)
class NodeReader:
    """Reads nodes. Every reader returns ``None`` after it has noted a fault."""

    origin: str
    faults: list[Fault] = field(default_factory=list)

    def fault(self, node: yaml.Node, key: str, problem: str, *, allowed: str = "", shown: bool = True) -> None:
        """Note a fault at a node; its text is shown when it is one."""
        value = node.value[:_SHOWN_MAX] if shown and isinstance(node, yaml.ScalarNode) else None
        self.faults.append(Fault(node.start_mark.line + 1, key, problem, value, allowed))

    def raise_faults(self) -> None:
        """Raise what was noted.

        :raises SettingsError: with all faults, in the order of lines.
        """
        faults = sorted(self.faults, key=lambda fault: fault.line)
        if len(faults) == 1:
            raise faults[0].error(self.origin)
        if faults:
            told = "\n".join(f"  {fault.error(self.origin)}" for fault in faults)
            raise SettingsError(f"{len(faults)} faults:\n{told}", where=self.origin, finding_number=13)

    def mapping(self, node: yaml.Node, key: str) -> dict[str, tuple[yaml.Node, yaml.Node]] | None:
        """Return the entries of a mapping: name → (key node, value node)."""
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, key, "is not a mapping", allowed="key: value pairs")
            return None
        entries: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for name_node, value_node in node.value:
            if not isinstance(name_node, yaml.ScalarNode):
                self.fault(name_node, key, "has a key that is no text")
            elif name_node.value in entries:
                self.fault(name_node, key, "key is given twice")
            else:
                entries[name_node.value] = (name_node, value_node)
        return entries

    def known(
        self, node: yaml.Node, key: str, names: Iterable[str], *, what: str = "key"
    ) -> dict[str, yaml.Node] | None:
        """Return the entries of a mapping whose keys are known; unknown ones are faults with the nearest name."""
        entries = self.mapping(node, key)
        if entries is None:
            return None
        allowed = list(names)
        for name, (name_node, _) in entries.items():
            if name not in allowed:
                self.unknown(name_node, f"{key}.{name}" if key else name, allowed, what=what)
        return {name: value for name, (_, value) in entries.items() if name in allowed}

    def unknown(self, node: yaml.Node, key: str, allowed: Iterable[str], *, what: str) -> None:
        """Note a name that is not known, with the nearest one that is."""
        names = list(allowed)
        name = str(node.value)
        folded = {candidate.casefold(): candidate for candidate in names}
        near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
        hint = f"; did you mean '{folded[near[0]]}'?" if near else ""
        self.fault(node, key, f"unknown {what}{hint}", allowed=", ".join(names), shown=not key.endswith(name))

    def entries(self, node: yaml.Node, key: str) -> list[yaml.Node] | None:
        """Return the nodes of a list."""
        if not isinstance(node, yaml.SequenceNode):
            self.fault(node, key, "is not a list")
            return None
        return list(node.value)

    def text(self, node: yaml.Node, key: str, *, empty: bool = False) -> str | None:
        """Return a text as written, trimmed unless it is quoted.

        :param empty: whether ``""`` is accepted; a value that is left out never is.
        """
        if not isinstance(node, yaml.ScalarNode):
            self.fault(node, key, "is not a single value")
            return None
        if node.style is None and node.value in {"", "~", "null"}:
            self.fault(node, key, "has no value", allowed='a value; "" for an empty text', shown=False)
            return None
        text = str(node.value)
        if not text.strip() and not empty:
            self.fault(node, key, "is empty")
            return None
        if any("\ud800" <= character <= "\udfff" for character in text):
            self.fault(node, key, "holds half a character", shown=False)
            return None
        return text

    def number(
        self, node: yaml.Node, key: str, *, least: Decimal | None = None, above_zero: bool = False
    ) -> Decimal | None:
        """Return an exact decimal, within bounds."""
        text = self.text(node, key)
        if text is None:
            return None
        try:
            number = decimal_from_text(text)
        except DecimalError as error:
            self.fault(node, key, str(error), allowed="a decimal number", shown=False)
            return None
        if above_zero and number <= 0:
            self.fault(node, key, "is not above zero")
            return None
        if least is not None and number < least:
            self.fault(node, key, "is too small", allowed=f"{least} or more")
            return None
        return number

    def day(self, node: yaml.Node, key: str) -> date | None:
        """Return a date."""
        text = self.text(node, key)
        if text is None:
            return None
        try:
            if len(text) == 10:
                return date.fromisoformat(text)
        except ValueError:
            pass
        self.fault(node, key, "is not a date", allowed="YYYY-MM-DD")
        return None

    def flag(self, node: yaml.Node, key: str) -> bool | None:
        """Return true or false."""
        word = self.word(node, key, ("true", "false"))
        return None if word is None else word == "true"

    def word(self, node: yaml.Node, key: str, words: Iterable[str], *, what: str = "value") -> str | None:
        """Return one of some words."""
        text = self.text(node, key)
        if text is None:
            return None
        known = list(words)
        if text not in known:
            self.unknown(node, key, known, what=what)
            return None
        return text

    def required(self, node: yaml.Node, key: str, entries: Mapping[str, yaml.Node], names: Iterable[str]) -> bool:
        """Whether all of these are given; what is missing is a fault at the node that should hold it."""
        missing = [name for name in names if name not in entries]
        for name in missing:
            self.fault(node, f"{key}.{name}" if key else name, "is missing", shown=False)
        return not missing
