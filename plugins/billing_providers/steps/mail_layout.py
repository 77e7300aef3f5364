"""How a mail of ours looks: one column that a phone shows without zooming, its styles inside, and nothing to load.

Every text is shown as text, whatever it holds: escaped, and kept from turning the direction of the words around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_PAGE = "margin:0;padding:12px;background:#fff;color:#1f2933;font:16px/1.45 system-ui,Roboto,Arial,sans-serif"
_COLUMN = "max-width:640px;margin:0 auto;overflow-wrap:anywhere"
_HEADING = "font-size:18px;margin:24px 0 8px"
_FIGURE = "padding:4px 12px 4px 0;border-bottom:1px solid #d9dee3;vertical-align:top;text-align:left;font-weight:400"
_ENTRY = "margin:0 0 8px;padding:8px 12px;border-left:4px solid {color};background:#f5f7f9"
_SMALL = "font-size:14px;color:#52606d;margin:24px 0 0"
_LINK = "display:inline-block;margin:0 8px 8px 0;padding:10px 14px;background:#0b5cad;color:#fff;text-decoration:none"
_COLORS = {"error": "#b42318", "failed": "#b42318", "warning": "#b54708", "held": "#b54708"}
_OTHER = "#52606d"


@dataclass(frozen=True, slots=True)
class MailEntry:
    """One thing that somebody should know: what it is about, in which state it is, what is said, what to do.

    :ivar code: of what it is about; apart from the title, which may be a name that turns directions.
    """

    title: str
    state: str
    told: str
    advice: str = ""
    code: str = ""

    @property
    def html(self) -> str:
        """The entry as a block of its own, so that nothing has to be read across a narrow screen."""
        told = f"<div>{_text(self.told)}</div>" if self.told else ""
        advice = f"<div><i>{_text(self.advice)}</i></div>" if self.advice else ""
        style = _ENTRY.format(color=_COLORS.get(self.state, _OTHER))
        code = f" ({_text(self.code)})" if self.code else ""
        return f'<div style="{style}"><b>{_text(self.title)}{code}</b> ({escape(self.state)}){told}{advice}</div>'


def mail_html(title: str, *parts: str) -> str:
    """Return a whole mail. ``parts`` are what the other functions of this module return."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
        f'<body style="{_PAGE}"><div style="{_COLUMN}"><h1 style="font-size:22px;margin:0 0 8px">{_text(title)}</h1>'
        f"{''.join(parts)}</div></body></html>"
    )


def paragraph(text: str) -> str:
    """Return a sentence or two; nothing for an empty text."""
    return f'<p style="margin:0 0 12px">{_text(text)}</p>' if text else ""


def buttons(links: Iterable[tuple[str, str]]) -> str:
    """Return links that a thumb hits: words → address."""
    made = [f'<a style="{_LINK}" href="{escape(address)}">{escape(words)}</a>' for words, address in links]
    return f'<p style="margin:12px 0">{"".join(made)}</p>' if made else ""


def figures(rows: Sequence[tuple[str, object]]) -> str:
    """Return numbers with their names, one below the other."""
    cells = "".join(
        f'<tr><th scope="row" style="{_FIGURE}">{escape(name)}</th><td style="{_FIGURE};text-align:right"><b>'
        f"{_text(str(value))}</b></td></tr>"
        for name, value in rows
    )
    return f'<table style="border-collapse:collapse;width:100%;margin:0 0 12px">{cells}</table>' if rows else ""


def entries(heading: str, told: Sequence[MailEntry], *, at_most: int) -> str:
    """Return a list, the first of it when it is long; nothing for an empty one."""
    if not told:
        return ""
    more = len(told) - at_most
    shown = "".join(one.html for one in told[:at_most])
    return f'<h2 style="{_HEADING}">{escape(heading)}</h2>{shown}{paragraph(f"{more} more." if more > 0 else "")}'


def footnote(text: str) -> str:
    """Return what only somebody who searches needs."""
    return f'<p style="{_SMALL}">{_text(text)}</p>'


def _text(text: str) -> str:
    return f"<bdi>{escape(text)}</bdi>"
