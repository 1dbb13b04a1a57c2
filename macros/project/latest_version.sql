{#-
    The rows of a source as they stand now, for tables that are loaded as `upsert` or `snapshot`:
    the latest version of each key; none where that version says that the row is deleted.
    `key_columns`: the contract's key, by accepted names.
    `version_column`: the contract's, where it has one. The highest wins, a version without value
    loses to every other; then later files win, then later lines. Without it delivery decides.
-#}
{% macro latest_version(source_relation, key_columns, version_column=none) -%}
    (
        select ver.*
        from (
            select
                src.*,
                row_number() over (
                    partition by {{ key_columns | join(', ') }}
                    order by
                        {% if version_column %}{{ version_column }} desc nulls last,{% endif %}
                        _load_sequence desc nulls last,
                        _source_line desc nulls last
                ) as version_rank
            from {{ source_relation }} as src
        ) as ver
        where ver.version_rank = 1 and not coalesce(ver._is_deleted, false)
    )
{%- endmacro %}
