{#-
    How a table of components, and that of its kept edges, are changed in place.

    apply_component_changes: rows replaced by those of a work table (node, component, is_old,
    place), in one commit; a row without a component goes. DuckDB deletes and inserts: an update of
    texts would write the column of every row group again.
-#}
{% macro apply_component_changes(relation, changes) -%}
    {{ return(adapter.dispatch('apply_component_changes', 'finview')(relation, changes)) }}
{%- endmacro %}

{% macro duckdb__apply_component_changes(relation, changes) -%}
    delete from {{ relation }} where rowid in (select place from {{ changes }} where is_old);
    insert into {{ relation }}
    select node, component from {{ changes }} where component is not null
{%- endmacro %}

{% macro spark__apply_component_changes(relation, changes) -%}
    merge into {{ relation }} as old
    using {{ changes }} as new
        on old.node = new.node
    when matched and new.component is null then delete
    when matched then update set old.component = new.component
    when not matched and new.component is not null then
        insert (node, component) values (new.node, new.component)
{%- endmacro %}

{#- The place of a row in its table, good until the table is written; null where there is none. -#}
{% macro row_place(alias) -%}
    {{ return(adapter.dispatch('row_place', 'finview')(alias)) }}
{%- endmacro %}

{% macro duckdb__row_place(alias) -%}
    {{ alias }}.rowid
{%- endmacro %}

{% macro spark__row_place(alias) -%}
    cast(null as bigint)
{%- endmacro %}

{#- Removes and adds the edges of a delta (low, high, is_removed) in a table of kept edges. -#}
{% macro change_kept_edges(kept, delta) -%}
    {%- do adapter.dispatch('change_kept_edges', 'finview')(kept, delta) -%}
{%- endmacro %}

{% macro duckdb__change_kept_edges(kept, delta) -%}
    {%- do run_query(
        'delete from ' ~ kept ~ ' as old using ' ~ delta ~ ' as gone '
        'where gone.is_removed and old.low = gone.low and old.high = gone.high'
    ) -%}
    {%- do run_query(
        'insert into ' ~ kept ~ ' select distinct low, high from ' ~ delta
        ~ ' where not is_removed'
    ) -%}
{%- endmacro %}

{% macro spark__change_kept_edges(kept, delta) -%}
    {%- do run_query(
        'merge into ' ~ kept ~ ' as old using (select distinct low, high from ' ~ delta
        ~ ') as new on old.low = new.low and old.high = new.high when matched then delete '
        'when not matched then insert (low, high) values (new.low, new.high)'
    ) -%}
{%- endmacro %}

{#- Gives a table another name in its schema. -#}
{% macro move_table(relation, new_relation) -%}
    {%- do adapter.dispatch('move_table', 'finview')(relation, new_relation) -%}
{%- endmacro %}

{% macro duckdb__move_table(relation, new_relation) -%}
    {%- do run_query('alter table ' ~ relation ~ ' rename to ' ~ new_relation.identifier) -%}
{%- endmacro %}

{#- With its schema: a name alone would be looked for in no schema at all. -#}
{% macro spark__move_table(relation, new_relation) -%}
    {%- do run_query(
        'alter table ' ~ relation ~ ' rename to '
        ~ new_relation.schema ~ '.' ~ new_relation.identifier
    ) -%}
{%- endmacro %}
