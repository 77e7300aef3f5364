"""How the vendor's list goes on, as a setting: ``{"kind": "cursor", "param": "cursor", "next": "meta.next"}``.

==========  ==========================================================================================
kind        keys besides ``pages_max`` (10,000)
==========  ==========================================================================================
``none``    the whole list is one answer
``page``    ``param``; ``first`` (1), ``pages`` (name of the number of pages), ``size_param`` with ``size``, ``in``
``offset``  ``param``; ``first`` (0), ``size_param`` with ``size``, ``in``
``cursor``  ``param``, ``next`` (name of the next cursor); ``end``, ``in``
``link``    ``next`` (name of the next URL), or ``in``: ``header`` for ``Link: <…>; rel="next"``; ``end``
==========  ==========================================================================================

``in`` is ``query`` or ``body``, where the parameters are sent. ``end`` says how the last page looks: ``null`` (the name
is there, without a value; anything else is an error) or ``absent`` (it may be missing).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billing_providers.hooks.http_source.words import known, mapping, text, whole, wrong

_KEYS: Mapping[str, tuple[str, ...]] = {
    "none": ("kind",),
    "page": ("kind", "param", "first", "pages", "size_param", "size", "in", "pages_max"),
    "offset": ("kind", "param", "first", "size_param", "size", "in", "pages_max"),
    "cursor": ("kind", "param", "next", "end", "in", "pages_max"),
    "link": ("kind", "next", "end", "in", "pages_max"),
}


@dataclass(frozen=True, slots=True)
class Paging:
    """Checked paging. Texts are empty and ``size`` is None where the kind does not use them."""

    kind: str
    param: str = ""
    next: str = ""
    pages: str = ""
    size_param: str = ""
    size: int | None = None
    first: int = 0
    place: str = "query"  # "query", "body", or for links "answer" and "header"
    may_be_absent: bool = False
    pages_max: int = 10_000

    @property
    def names(self) -> tuple[str, ...]:
        """The names that are looked for in the answer."""
        return tuple(filter(None, (self.next, self.pages)))


def paging_of(given: object, *, method: str) -> Paging:
    """Return checked paging; None is ``{"kind": "none"}``.

    :raises SettingsError: for an unknown kind or key (with a near one), a missing one, or what excludes each other.
    """
    keys = mapping(given, "paging")
    kind = known(keys.get("kind", "none" if not keys else ""), _KEYS, "paging.kind")
    for key in keys:
        known(key, _KEYS[kind], "paging")
    if kind == "none":
        return Paging(kind)
    if kind == "link":
        return _link(keys, method)
    paging = Paging(
        kind=kind,
        param=_needed(keys, "param"),
        next=_needed(keys, "next") if kind == "cursor" else "",
        pages=text(keys.get("pages", ""), "paging.pages"),
        size_param=text(keys.get("size_param", ""), "paging.size_param"),
        size=whole(keys["size"], "paging.size", 1) if "size" in keys else None,
        first=whole(keys.get("first", 1 if kind == "page" else 0), "paging.first", 0),
        place=known(keys.get("in", "query"), ("query", "body"), "paging.in"),
        may_be_absent=_may_be_absent(keys),
        pages_max=_pages_max(keys),
    )
    if bool(paging.size_param) != (paging.size is not None):
        raise wrong("size_param and size belong together", "paging", dict(keys))
    if paging.place == "body" and method == "GET":
        raise wrong("a GET has no body", "paging.in", "body", "query; or method POST")
    return paging


def _link(keys: Mapping[str, Any], method: str) -> Paging:
    if method != "GET":
        raise wrong("links are followed by GET", "paging.kind", "link", "method GET, or another kind of paging")
    place = known(keys.get("in", "answer"), ("answer", "header"), "paging.in")
    if place == "header" and "next" in keys:
        raise wrong("the Link header has no name in the answer", "paging.next", keys["next"], "leave it out")
    return Paging(
        kind="link",
        next="" if place == "header" else _needed(keys, "next"),
        place=place,
        may_be_absent=_may_be_absent(keys),
        pages_max=_pages_max(keys),
    )


def _needed(keys: Mapping[str, Any], key: str) -> str:
    found = text(keys.get(key, ""), f"paging.{key}")
    if not found:
        raise wrong("is missing", f"paging.{key}", allowed=f"the name that this kind of paging needs ({key})")
    return found


def _may_be_absent(keys: Mapping[str, Any]) -> bool:
    return known(keys.get("end", "null"), ("null", "absent"), "paging.end") == "absent"


def _pages_max(keys: Mapping[str, Any]) -> int:
    return whole(keys.get("pages_max", 10_000), "paging.pages_max", 1)
