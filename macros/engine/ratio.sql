{#-
    numerator / denominator as decimal(24,6), rounded once, half away from zero; null where the
    denominator is null or 0, an error where the quotient has no room. The engines divide decimals
    differently, hence the dispatch.
-#}
{% macro ratio(numerator, denominator) -%}
    {{ return(adapter.dispatch('ratio', 'finview')(numerator, denominator)) }}
{%- endmacro %}

{#- DuckDB divides decimals as doubles: 41/640 would give 0.064062. So: whole millionths. -#}
{% macro duckdb__ratio(numerator, denominator) -%}
    {%- set above = "cast(cast(" ~ numerator ~ " as decimal(24, 6)) * 1000000 as hugeint)" -%}
    {%- set below = "cast(cast(" ~ denominator ~ " as decimal(24, 6)) * 1000000 as hugeint)" -%}
    cast(
        cast(
            sign({{ above }}) * sign({{ below }}) * (
                (2000000 * abs({{ above }}) + abs({{ below }}))
                // (2 * nullif(abs({{ below }}), 0))
            ) as decimal(30, 0)
        ) * cast(0.000001 as decimal(7, 6))
        as decimal(24, 6)
    )
{%- endmacro %}

{#-
    Spark finds 38 decimals of the quotient, then rounds to as many as the type of the result has:
    6 after decimal(38,6), but 14 after decimal(24,6), and 0.0000004999999999999998 would become
    0.0000005 and then 0.000001. Not `div`: its bigint overflows without an error.
-#}
{% macro spark__ratio(numerator, denominator) -%}
    cast(
        cast(cast({{ numerator }} as decimal(24, 6)) as decimal(38, 6))
        / nullif(cast(cast({{ denominator }} as decimal(24, 6)) as decimal(38, 6)), 0)
        as decimal(24, 6)
    )
{%- endmacro %}
