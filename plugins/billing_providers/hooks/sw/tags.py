"""Whose a charge is: only its tags tell.

- Seen (vendor's sample): the tag ``CustomerDisplayName``. Unknown: every other tag, so whether one holds an id.
- A display name is no identity. Where charges of one name have several values of a tag that looks like a customer's id,
  they may be several customers, so all of them are held until ``customer_id_tag`` names the tag.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from billing_providers.hooks.sw.options import ChargeOptions
from billing_providers.hooks.sw.values import Values
from billing_providers.hooks.usage_fields import RowFault

_LOOKS_LIKE_ID = re.compile(
    r"(?:customer|organi[sz]ation)[\W_]*(?:account)?[\W_]*(?:id|guid|uuid|code|number|key)", re.I
)

Tags = Mapping[str, tuple[str, ...]]  # name, trimmed → its different values, in order


@dataclass(frozen=True, slots=True)
class Customer:
    """Whose a charge is: the code that everything goes by, and the name for people."""

    code: str
    name: str


def tags_of(charge: Values) -> Tags:
    """Return the tags of a charge.

    :raises RowFault: for tags that are no list of names and values.
    """
    found: dict[str, dict[str, None]] = {}
    for tag in charge.objects("tags"):
        found.setdefault(tag.text("name").strip(), {})[tag.text("value")] = None
    return {name: tuple(values) for name, values in found.items()}


def customer_of(tags: Tags, options: ChargeOptions) -> Customer:
    """Return the customer that the tags name.

    :raises RowFault: when a tag is missing, empty, or has several values.
    """
    if not options.customer_id_tag:
        name = _value(tags, options.customer_tag)
        return Customer(name, name)
    return Customer(_value(tags, options.customer_id_tag), display_name(tags, options))


def display_name(tags: Tags, options: ChargeOptions) -> str:
    """Return the customer's display name for people; empty where there is not exactly one."""
    names = tags.get(options.customer_tag, ())
    return names[0] if len(names) == 1 else ""


def shared_names(charges: Iterable[tuple[Customer, Tags]], options: ChargeOptions) -> dict[str, str]:
    """Return the customer codes that may stand for several customers, with the reason."""
    if options.customer_id_tag:
        return {}
    seen: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for customer, tags in charges:
        for name, values in tags.items():
            if name != options.customer_tag and _LOOKS_LIKE_ID.fullmatch(name):
                seen[customer.code.strip(), name].update(dict.fromkeys(value.strip() for value in values))
    return {
        code: f"several customers seem to have this name: {name} says {' and '.join(values)}; take the customer code "
        "from it (customer_id_tag, or customer_id in a file's field_map)"
        for (code, name), values in seen.items()
        if len(values) > 1
    }


def _value(tags: Tags, name: str) -> str:
    values = [value for value in tags.get(name, ()) if value.strip()]
    if len(values) > 1:
        raise RowFault(f"tag {name}", f"has several values: {', '.join(values)}")
    if values:
        return values[0]
    near = next((found for found in tags if found.casefold() == name.casefold() and found != name), "")
    hint = f"; did you mean {near!r}?" if near else ""
    there = ", ".join(sorted(filter(None, tags))) or "none"
    raise RowFault(f"tag {name}", f"is {'empty' if name in tags else 'missing'} (the charge's tags: {there}){hint}")
