{#-
    The strategy `delete+insert` on Spark, which dbt-spark lacks: every row of a key that the new
    rows hold is replaced, in one Iceberg commit, so that no reader and no crash sees half of it.
-#}
{% macro dbt_spark_validate_get_incremental_strategy(raw_strategy, file_format) -%}
    {%- if raw_strategy not in ['append', 'merge', 'delete+insert'] or file_format != 'iceberg' -%}
        {%- do exceptions.raise_compiler_error(
            'on Spark an incremental model is append, merge or delete+insert, on iceberg; not '
            ~ raw_strategy ~ ' on ' ~ file_format
        ) -%}
    {%- endif -%}
    {{ return(raw_strategy) }}
{%- endmacro %}

{% macro dbt_spark_get_incremental_sql(
    strategy, source, target, existing, unique_key, incremental_predicates
) -%}
    {%- if strategy == 'append' -%}
        {{ get_insert_into_sql(source, target) }}
    {%- elif strategy == 'merge' -%}
        {{ get_merge_sql(
            target, source, unique_key, dest_columns=none,
            incremental_predicates=incremental_predicates
        ) }}
    {%- else -%}
        {{ spark_replace_by_key_sql(source, target, unique_key) }}
    {%- endif -%}
{%- endmacro %}

{#-
    The merge has every new row once, without a key, so that it matches nothing and is inserted; and
    each key once, so that all old rows of it are deleted. A null is no key: such rows are added.
-#}
{% macro spark_replace_by_key_sql(source, target, unique_key) -%}
    {%- if unique_key is not string -%}
        {%- do exceptions.raise_compiler_error(
            target ~ ': delete+insert on Spark needs one unique_key column'
        ) -%}
    {%- endif -%}
    {%- set columns = adapter.get_columns_in_relation(target) | map(attribute='name') | list -%}
    merge into {{ target }} as old
    using (
        select
            cast(null as string) as replaced_key,
            {{ columns | join(', ') }}
        from {{ source }}
        union all
        select
            replaced.replaced_key,
            {{ columns | join(', ') }}
        from (
            select distinct cast({{ unique_key }} as string) as replaced_key
            from {{ source }}
            where {{ unique_key }} is not null
        ) as replaced
        left join {{ source }} as nothing
            on false
    ) as new
        on cast(old.{{ unique_key }} as string) = new.replaced_key
    when matched then delete
    when not matched and new.replaced_key is null then
        insert ({{ columns | join(', ') }})
        values ({% for column in columns %}new.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
