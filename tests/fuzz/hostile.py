"""Strategies: what nobody should send and somebody will, alone and put into the middle of something valid."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from hypothesis import strategies as st

TEXTS = (
    "", " ", "\0", "ASP\0", "\ud800", "a\udfffb", "\ufeff", "\u202egnp.exe", "\u200b", "\x1b[31m", "\x07\x08", "\r\n",
    "\n", "\t", "'", '"', '""', "\\", "{", "}", "{0}", "{psa}", "{psa.__class__}", "%s", "$(id)", "../../etc/passwd",
    "file:///etc/passwd", "<script>", "&lol;", "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "null", "None", "nan",
    "NaN", "Infinity", "-Infinity", "sNaN", "1e999999", "1e-999999", "1e9999999999999999999999", "-0", "0x10", "1_000",
    "١٢٣", "１２", "²", "½", "1,234", "1.234,5", "1 234", "1\u00a0234", "1'234", "+5", "--5", "0" * 40 + "1",
    "9" * 40, "9" * 5000, "0." + "3" * 40, "true", "no", "2026-02-30", "0000-00-00", "9999-12-31", "0001-01-01",
    "2026-10-01T00:00:00+99:99", "2026-13-01", "20261001", "٢٠٢٦-١٠-٠١", "31/12/2026", "é", "e\u0301", "ﬀ", "İ", "ß",
    "🧾", "漢字", "x" * 3000, "SELECT 1; --", "*", "#", ";", "a;b,c\td|e", "a\u2028b", "\x85", "\x1c", "\x1a",
)  # fmt: skip
# Written into JSON as they are: numbers that Python's own writer never writes, deep nests, and what is no JSON at all.
RAW = (
    "1e999999", "-1e9999999999999999999999", "1E-9999999999999999999", "9" * 5000, "1." + "3" * 60, "NaN", "-Infinity",
    "01", "[" * 100_000, '{"a":' * 5_000, '"\\ud800"', '{"a":1,"a":2}',
    *("[" * deep + "]" * deep for deep in (90, 900, 940, 970)),
    *('{"a":' * deep + "1" + "}" * deep for deep in (90, 900, 940)),
)  # fmt: skip
_RAW = re.compile(r'"RAW:((?:[^"\\]|\\.)*)"')

NUMBERS = (0, 1, -1, 2**31, 2**63, -(2**63) - 1, 2**200, 10**30, 0.1, -0.0, 1e300, 1e-300, 3.0000000000000004)

texts = st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=()), max_size=12)
raw = st.sampled_from([f"RAW:{text}" for text in RAW])
scalars = texts | raw | st.sampled_from(NUMBERS) | st.integers() | st.floats() | st.booleans() | st.none()
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))

Change: TypeAlias = "Callable[[Any], Any]"


@st.composite
def json_changes(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Draw a change to a valid JSON text: one to three of its values replaced, taken away, doubled or renamed."""
    steps = draw(st.lists(st.tuples(st.floats(0, 1), st.sampled_from(_JSON_CHANGES), values), min_size=1, max_size=3))

    def changed(content: bytes) -> bytes:
        try:
            found = json.loads(content)
        except ValueError:
            return content
        for share, change, value in steps:
            places = list(_places(found, []))
            path = places[min(int(share * len(places)), len(places) - 1)]
            found = change(found, path, copy.deepcopy(value))
        return _RAW.sub(lambda found: json.loads(f'"{found[1]}"'), json.dumps(found)).encode("utf-8", "surrogatepass")

    return changed


@st.composite
def byte_changes(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Draw a change to any content: bytes flipped, cut off, put in; another encoding, other line ends, a mark."""
    change = draw(st.sampled_from(_BYTE_CHANGES))
    share, other = draw(st.floats(0, 1)), draw(st.floats(0, 1))
    put = draw(st.binary(min_size=1, max_size=8) | texts.map(lambda text: text.encode("utf-8", "surrogatepass")))
    return lambda content: change(content, int(share * len(content)), int(other * len(content)), put)


@st.composite
def cell_changes(draw: st.DrawFn) -> Callable[[list[list[Any]]], list[list[Any]]]:
    """Draw a change to the rows of a table, its heading row among them: cells, rows and columns."""
    steps = draw(
        st.lists(
            st.tuples(st.sampled_from(_TABLE_CHANGES), st.floats(0, 0.999), st.floats(0, 0.999), texts),
            min_size=1,
            max_size=4,
        )
    )

    def changed(rows: list[list[Any]]) -> list[list[Any]]:
        found = copy.deepcopy(rows)
        for change, share, other, text in steps:
            if found and found[0]:
                number = int(share * len(found))
                change(found, number, int(other * max(len(found[number]), 1)), text)
        return found

    return changed


def _places(value: Any, path: list[Any]) -> Any:
    """Yield the path of every value; of long lists the first and the last entry."""
    yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _places(inner, [*path, name])
    elif isinstance(value, list):
        for index in sorted({0, 1, len(value) - 1} & set(range(len(value)))):
            yield from _places(value[index], [*path, index])


def _replaced(found: Any, path: list[Any], value: Any) -> Any:
    if not path:
        return value
    _at(found, path[:-1])[path[-1]] = value
    return found


def _taken_away(found: Any, path: list[Any], value: Any) -> Any:
    if path:
        del _at(found, path[:-1])[path[-1]]
    return found


def _doubled(found: Any, path: list[Any], value: Any) -> Any:
    holder = _at(found, path[:-1]) if path else None
    if isinstance(holder, list):
        holder.append(copy.deepcopy(holder[path[-1]]))
        return found
    return _replaced(found, path, [_at(found, path), copy.deepcopy(_at(found, path))])


def _renamed(found: Any, path: list[Any], value: Any) -> Any:
    holder = _at(found, path[:-1]) if path else None
    if isinstance(holder, dict):
        holder[str(value)] = holder.pop(path[-1])
    return found


def _with_a_suffix(found: Any, path: list[Any], value: Any) -> Any:
    return _replaced(found, path, f"{_at(found, path)}{value}")


def _at(found: Any, path: list[Any]) -> Any:
    for step in path:
        found = found[step]
    return found


_JSON_CHANGES = (_replaced, _replaced, _with_a_suffix, _taken_away, _doubled, _renamed)


def _flipped(content: bytes, at: int, other: int, put: bytes) -> bytes:
    return content[:at] + bytes(byte ^ 0xFF for byte in content[at : at + 1]) + content[at + 1 :]


def _cut_off(content: bytes, at: int, other: int, put: bytes) -> bytes:
    return content[:at]


def _put_in(content: bytes, at: int, other: int, put: bytes) -> bytes:
    return content[:at] + put + content[at:]


def _left_out(content: bytes, at: int, other: int, put: bytes) -> bytes:
    return content[: min(at, other)] + content[max(at, other) :]


def _repeated(content: bytes, at: int, other: int, put: bytes) -> bytes:
    return content + content[min(at, other) : max(at, other)]


def _recoded(encoding: str) -> Callable[[bytes, int, int, bytes], bytes]:
    def recoded(content: bytes, at: int, other: int, put: bytes) -> bytes:
        return content.decode("utf-8", "replace").encode(encoding, "replace")

    return recoded


def _with_ends(end: bytes) -> Callable[[bytes, int, int, bytes], bytes]:
    return lambda content, at, other, put: content.replace(b"\r\n", b"\n").replace(b"\n", end)


def _other(content: bytes, at: int, other: int, put: bytes) -> bytes:
    return put


_BYTE_CHANGES = (
    _flipped, _cut_off, _put_in, _put_in, _left_out, _repeated, _other,
    *map(_recoded, ("utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252", "utf-7")),
    *map(_with_ends, (b"\r", b"\r\n", b"\n\n", b"\x0b", b"\0")),
)  # fmt: skip


def _cell(rows: list[list[Any]], row: int, column: int, text: str) -> None:
    if column < len(rows[row]):
        rows[row][column] = text


def _cell_more(rows: list[list[Any]], row: int, column: int, text: str) -> None:
    if column < len(rows[row]):
        rows[row][column] = f"{rows[row][column]}{text}"


def _row_again(rows: list[list[Any]], row: int, column: int, text: str) -> None:
    rows.append(list(rows[row]))


def _row_gone(rows: list[list[Any]], row: int, column: int, text: str) -> None:
    del rows[row]


def _row_short(rows: list[list[Any]], row: int, column: int, text: str) -> None:
    del rows[row][column:]


def _row_long(rows: list[list[Any]], row: int, column: int, text: str) -> None:
    rows[row] += [text, "", text]


def _column_gone(rows: list[list[Any]], row: int, column: int, text: str) -> None:
    for cells in rows:
        del cells[column : column + 1]


def _column_again(rows: list[list[Any]], row: int, column: int, text: str) -> None:
    for cells in rows:
        cells.extend(cells[column : column + 1])


def _column_filled(rows: list[list[Any]], row: int, column: int, text: str) -> None:
    for cells in rows[1:]:
        cells[column : column + 1] = [text]


_TABLE_CHANGES = (
    _cell, _cell, _cell, _cell_more, _row_again, _row_gone, _row_short, _row_long, _column_gone, _column_again,
    _column_filled,
)  # fmt: skip


@st.composite
def yaml_changes(draw: st.DrawFn) -> Callable[[str], str]:
    """Draw a change to a YAML text: values and keys replaced, lines moved, doubled, indented or taken away."""
    steps = draw(
        st.lists(
            st.tuples(st.sampled_from(_YAML_CHANGES), st.floats(0, 0.999), st.floats(0, 0.999), _yaml_values),
            min_size=1,
            max_size=3,
        )
    )

    def changed(text: str) -> str:
        for change, share, other, value in steps:
            lines = text.split("\n")
            number = int(share * len(lines))
            change(lines, number, other, value)
            text = "\n".join(lines)
        return text

    return changed


_YAML = (
    "~", "null", "[]", "{}", "[[]]", "{a: b}", "[a, b]", "*x", "&x y", "!!python/object:os.system x", "!!int x", "|",
    ">", "'", '"', '"\\0"', '"\\ud800"', '"\\x00"', "? x", "- x", "---", "...",
    "%YAML 1.1", "{{}}", "{" * 2000, "[" * 900,
    "0x1F", "0o17", "1:30", "1_000", ".inf", ".nan", "1e400", "2026-02-30", "yes", "off", "-1", "0", "9" * 30, "1e-30",
    "<<: x", "{<<: {a: b}}", "(a+)+$", "[a", "*" * 50, "\t", "#",
)  # fmt: skip
_yaml_values = st.sampled_from(_YAML) | texts | st.sampled_from(TEXTS).map(json.dumps)


def _yaml_value(lines: list[str], number: int, other: float, value: str) -> None:
    name, colon, _ = lines[number].partition(": ")
    lines[number] = f"{name}{colon}{value}"


def _yaml_inner(lines: list[str], number: int, other: float, value: str) -> None:
    parts = re.split(r"([:,{}\[\]] ?)", lines[number])
    parts[int(other * len(parts))] = value
    lines[number] = "".join(parts)


def _yaml_line_again(lines: list[str], number: int, other: float, value: str) -> None:
    lines.insert(int(other * len(lines)), lines[number])


def _yaml_line_gone(lines: list[str], number: int, other: float, value: str) -> None:
    del lines[number]


def _yaml_indented(lines: list[str], number: int, other: float, value: str) -> None:
    lines[number] = " " * int(other * 6) + lines[number].lstrip()


_YAML_CHANGES = (_yaml_value, _yaml_inner, _yaml_inner, _yaml_inner, _yaml_line_again, _yaml_line_gone, _yaml_indented)
