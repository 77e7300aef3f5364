"""Numbers as people read them, on pages and in mails; files hold them exactly instead."""

from __future__ import annotations

from decimal import Decimal

UNKNOWN = "–"
_THIN_SPACE = "\u202f"


def quantity_text(value: Decimal | None) -> str:
    """Return a quantity with a thin space between thousands; a dash for one that is not known.

    >>> quantity_text(Decimal("1250.500"))
    '1\\u202f250.5'
    """
    return UNKNOWN if value is None else f"{value.normalize():,f}".replace(",", _THIN_SPACE)


def money_text(value: Decimal | None) -> str:
    """Return an amount with two places, and more only where it has more.

    >>> money_text(Decimal("12.5")), money_text(Decimal("0.12345"))
    ('12.50', '0.12345')
    """
    if value is None:
        return UNKNOWN
    places = max(2, -int(value.normalize().as_tuple().exponent))
    return f"{value:,.{places}f}".replace(",", _THIN_SPACE)
