"""Many rows or many keys in one statement whose text never changes, so that it is prepared once."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Integer, Table, Text, any_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection


def among(column: ColumnElement[Any], keys: Collection[Any]) -> ColumnElement[bool]:
    """Whether the column is one of ``keys``. (IN has a parameter for each: another text with every number of them.)"""
    return column == any_(bindparam(None, list(keys), type_=ARRAY(column.type)))


async def insert_rows(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all name the same columns; the others get their defaults."""
    if rows:
        names = tuple(rows[0])
        await connection.execute(_insert(table, names), _arrays(table, names, rows))


async def upsert_rows(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert, or replace what stands under the same primary key. No key may be there twice."""
    if not rows:
        return
    names = tuple(rows[0])
    made = _insert(table, names)
    keys = list(table.primary_key.columns)
    changed = {name: made.excluded[name] for name in names if name not in {key.name for key in keys}}
    replaced = made.on_conflict_do_update(index_elements=keys, set_=changed)
    await connection.execute(replaced, _arrays(table, names, rows))


@cache
def _insert(table: Table, names: tuple[str, ...]) -> Insert:
    """Takes one array for each column."""
    arrays = func.unnest(*(bindparam(name, type_=ARRAY(_array_of(table.c[name]))) for name in names))
    rows = arrays.table_valued(*names, name="new").render_derived()
    values = [cast(rows.c[name], JSONB) if _is_json(table.c[name]) else rows.c[name] for name in names]
    return insert(table).from_select(list(names), select(*values), include_defaults=False)


def _arrays(table: Table, names: Sequence[str], rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    columns = {name: [row[name] for row in rows] for name in names}
    for name in names:
        if _is_json(table.c[name]):
            columns[name] = [None if value is None else _text(value) for value in columns[name]]
    return columns


def _array_of(column: Column[Any]) -> Any:
    if _is_json(column):
        return Text()
    return BigInteger() if isinstance(column.type, Integer) else column.type


def _is_json(column: Column[Any]) -> bool:
    return isinstance(column.type, JSONB)


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
