"""The dataset of billing items as Parquet: decimals as decimal128, days as date32, never a float."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from types import NoneType
from typing import Any, get_args, get_type_hints

from billing_providers.model.billing_dataset import BillingItem
from billing_providers.model.decimals import EXPONENT_MAX

_DIGITS = 38  # the most that decimal128 has; amounts have at most EXPONENT_MAX places and as many digits before them


def billing_parquet(items: Sequence[BillingItem], about: Mapping[str, str]) -> bytes:
    """Return the items as one Parquet file, a column for each field of :class:`BillingItem`.

    The types are the same for every run, so that files of several runs can be read as one.

    :param about: what is written into the file's metadata.
    :raises ImportError: without pyarrow.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds: dict[Any, Any] = {Decimal: pa.decimal128(_DIGITS, EXPONENT_MAX), date: pa.date32(), bool: pa.bool_()}
    hints = get_type_hints(BillingItem)
    hinted = [(field.name, hints[field.name]) for field in fields(BillingItem)]
    schema = pa.schema(
        [pa.field(name, kinds.get(_kind(hint), pa.string()), nullable=_may_lack(hint)) for name, hint in hinted],
        metadata=dict(about),
    )
    columns = [pa.array([_plain(getattr(item, field.name)) for item in items], type=field.type) for field in schema]
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), file, compression="zstd")
    return file.getvalue()


def _kind(hint: Any) -> Any:
    return next((kind for kind in get_args(hint) if kind is not NoneType), hint)


def _may_lack(hint: Any) -> bool:
    return NoneType in get_args(hint)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value
