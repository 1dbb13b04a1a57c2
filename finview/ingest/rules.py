"""The row rules as SQL: typed values, violations, and shapes that stand for raw values.

Relations here have, per contract column number i: `v{i}` the trimmed text (null when empty),
`t{i}` the typed value, `a{i}` the accepted value and, for amounts, `s{i}` the value that enters the
control totals. A violation is `rule|value class`.
"""

from __future__ import annotations

from finview.contract import Column, Table
from finview.ingest.identifiers import accepted_value, cleaned, normalised

#: Amounts from here on are in no sum (they are counted as unparseable): sums cannot overflow.
SUM_LIMIT = "1e18::decimal(38,10)"
_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6}0*)?"
_PLAIN_TIME = f"{_DAY}([ T]{_CLOCK}Z?)?"
_ZONED_TIME = f"{_DAY}[ T]{_CLOCK}[+-]([01]\\d|2[0-3])(:?[0-5]\\d)?"
_WHOLE = r"[+-]?\d+(\.0*)?"
_NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)"
_SCIENTIFIC = r"[+-]?(\d+(\.\d*)?|\.\d+)[eE][+-]?\d+"
_NOT_FINITE = r"(?i)[+-]?(nan|inf|infinity)"

MACROS = (
    rf"""create or replace temp macro value_class(v) as case
        when v is null then 'empty'
        when regexp_full_match(v, '\d+') then 'digits[' || length(v) || ']'
        when regexp_full_match(v, '{_NUMBER}') then 'number[' ||
            coalesce(length(nullif(regexp_extract(v, '\.(\d*)', 1), '')), 0) || ' decimals]'
        when regexp_full_match(v, '{_SCIENTIFIC}|{_NOT_FINITE}') then 'number-like'
        when regexp_matches(v, '^\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}') then 'date-like'
        else 'text[' || length(v) || ']' end""",
    f"""create or replace temp macro summed(v) as
        case when abs(v) < {SUM_LIMIT} then v end""",
)


def trimmed(value: str) -> str:
    """SQL of a text without the spaces (of any Unicode kind) around it; null when none is left."""
    return f"nullif(trim({value}), '')"


def _amount(value: str) -> str:
    """SQL of the amount in a text, read apart from the column's own type.

    The cast to decimal(38,10) takes 10 microseconds; common amounts go through a 64-bit decimal.
    """
    quick = f"try_cast({value} as decimal(18,4))::decimal(38,10)"
    return (
        rf"summed(case when regexp_full_match({value}, '[+-]?\d{{1,13}}(\.\d{{0,4}})?') "
        f"then {quick} else try_cast({value} as decimal(38,10)) end)"
    )


def _match(value: str, pattern: str) -> str:
    return f"regexp_full_match({value}, '{pattern}')"


def _decimal_pattern(scale: int) -> str:
    return rf"[+-]?(\d+(\.\d{{0,{scale}}}0*)?|\.\d{{1,{max(scale, 1)}}}0*)"


def typed_value(column: Column, value: str) -> str:
    """SQL of the value in the column's type; null when it is none."""
    kind, scale = column.data_type, column.decimals
    if kind == "varchar":
        return value
    if kind == "boolean":
        return f"case lower({value}) when 'true' then true when '1' then true " \
               f"when 'false' then false when '0' then false end"  # fmt: skip
    if kind in ("timestamp", "date"):
        # The usual form is known by its round trip, three times as fast as by an expression.
        usual = (
            f"try_cast({value} as {kind})::varchar = {value} and try_cast({value} as {kind}) "
            f"between {kind} '0001-01-01' and {kind} '9999-12-31'"
        )
        return f"case when {usual} then try_cast({value} as {kind}) else {_moment(kind, value)} end"
    pattern = _WHOLE if scale is None else _decimal_pattern(scale)
    return (
        f"case when try_cast({value} as {kind})::varchar = {value} or {_match(value, pattern)} "
        f"then try_cast({value} as {kind}) end"
    )


def _moment(kind: str, value: str) -> str:
    """SQL of a date or timestamp in any of its accepted forms."""
    if kind == "timestamp":
        zoned = f"cast(try_cast({value} as timestamptz) as timestamp)"
        return (
            f"case when {_match(value, _PLAIN_TIME)} then try_cast({value} as timestamp) "
            f"when {_match(value, _ZONED_TIME)} then {zoned} end"
        )
    midnight = rf"{_DAY}([ T]00:00:00(\.0+)?Z?)?"
    return f"case when {_match(value, midnight)} then try_cast({value}[:10] as date) end"


def _type_rule(column: Column, value: str) -> str:
    """SQL of the rule broken by a value that is not of the column's type."""
    if column.data_type not in ("bigint",) and column.decimals is None:
        return "'wrong_type'"
    scale = column.decimals
    fits = _match(value, _WHOLE if scale is None else _decimal_pattern(scale))
    huge = (
        f"{_match(value, _SCIENTIFIC)} and coalesce(abs(try_cast({value} as double)) >= 1e15, true)"
    )
    precise = f"when {_match(value, _NUMBER)} then 'over_precise'" if scale is not None else ""
    return (
        f"case when {fits} or {_match(value, _NOT_FINITE)} or ({huge}) then 'out_of_range' "
        f"{precise} else 'wrong_type' end"
    )


def violation(column: Column, i: int) -> str:
    """SQL of `rule|value class` for the first rule that column i breaks, else null."""
    value, typed = f"v{i}", f"t{i}"
    rules: list[tuple[str, str]] = []
    if column.data_type != "varchar":
        rules.append((f"{typed} is null", _type_rule(column, value)))
    if column.accepted_values:
        allowed = ", ".join(_text(item) for item in column.accepted_values)
        rules.append((f"{value} not in ({allowed})", "'unknown_value'"))
    if column.pattern is not None:
        rules.append((f"not regexp_full_match({value}, {_text(column.pattern)})", "'pattern'"))
    if column.minimum is not None:
        rules.append((f"{typed} < {column.minimum}", "'below_minimum'"))
    if column.data_type in ("date", "timestamp") and not column.may_be_future:
        rules.append((f"{typed} > getvariable('finview_latest')", "'in_future'"))
    missing = "'missing_required|empty'" if column.required else "null"
    if column.is_hashed and column.required:
        # An identifier of nothing but punctuation hashes to nothing.
        nothing = f"nullif({normalised(str(column.pii), value)}, '') is null"
        rules.append((nothing, "'missing_required'"))
    cases = " ".join(
        f"when {test} then {rule} || '|' || value_class({value})" for test, rule in rules
    )
    return f"(case when {value} is null then {missing} {cases} end)::varchar"


def checked_select(table: Table, source: str, *, is_trimmed: bool = False) -> str:
    """SQL that checks the rows of `source`, a select of `line` (optional), `x` and r0, r1, …

    The result has `line` when `source` has, `ok`, `e` (the violations of the columns in order,
    null when there are none), `x` with identifiers masked, and per column `s{i}` and `a{i}`;
    instead of `a{i}` a hashed column has the raw `v{i}`.
    `is_trimmed`: no text has spaces around it, none is empty.
    """
    numbered = list(enumerate(table.columns))
    texts = ", ".join(f"{f'r{i}' if is_trimmed else trimmed(f'r{i}')} as v{i}" for i, _ in numbered)
    typed = ", ".join(f"{typed_value(column, f'v{i}')} as t{i}" for i, column in numbered)
    stored = "".join(
        f", v{i}" if column.is_hashed else f", {accepted_value(column, f'v{i}', f't{i}')} as a{i}"
        for i, column in numbered
    )
    broken = ", ".join(violation(column, i) for i, column in numbered)
    fine = " and ".join(f"({violation(column, i)}) is null" for i, column in numbered)
    amounts = "".join(
        f", {_amount(f'v{i}')} as s{i}, v{i} is not null as g{i}"
        for i, column in numbered
        if column.is_amount
    )
    keep = "* exclude (" + ", ".join([f"r{i}" for i, _ in numbered] + ["x"]) + ")"
    drop = ", ".join(f"v{i}, t{i}" for i, _ in numbered)
    return (
        f"select * exclude ({drop}), {fine} as ok, case when not ok then [{broken}] end as e"
        f"{amounts}{stored} from (select *, {typed} from ("
        f"select {keep}, {texts}, {cleaned('text', 'x')} as x from ({source})))"
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
