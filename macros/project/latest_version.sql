{#-
    Rows of a source in their latest delivered version, for tables that are loaded as `upsert`.
    `key_columns`: the contract's key, by accepted names. Later files win, then later lines.
-#}
{% macro latest_version(source_relation, key_columns) -%}
    (
        select ver.*
        from (
            select
                src.*,
                row_number() over (
                    partition by {{ key_columns | join(', ') }}
                    order by _load_sequence desc, _source_line desc
                ) as version_rank
            from {{ source_relation }} as src
        ) as ver
        where ver.version_rank = 1
    )
{%- endmacro %}
