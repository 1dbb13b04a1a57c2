{#-
    Materialization `connected_components`: a table with one row per node, `node` and `component`,
    where the component is the smallest node of the connected component. The result does not depend
    on the order of the edges, the number of threads or the engine.

    The model's query gives edges: `node_a`, `node_b` (text; an edge from a node to itself declares
    a lone node), and, if it likes, `is_removed`. A full build leaves removed edges out.

    Config `incremental=true`: where the table exists and no full refresh is asked for,
    is_incremental_components() is true, and the query gives only the edges that came, or went
    (`is_removed`), since the last build. A query with removed edges also needs the config
    `current_edges`: the name of a model (that the query refers to) with all edges `node_a`,
    `node_b` of now. It decides what is left of the components that an edge was removed from: a
    removed edge that is still in it, from another source, say, stays. The result is that of a full
    build, rows that stay the same are not written (on Spark: files without a change), and all
    changes are made by one commit, so that a build that was cut off has changed nothing.

    How components are found: label_components. How they are kept up to date: update_components.
-#}
{% materialization connected_components, default %}

    {%- set target = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set work = work_table(this, '') -%}
    {%- set is_update = is_incremental_components() -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}

    {%- set columns = get_columns_in_query(sql) | map('lower') | list -%}
    {%- set removed = 'coalesce(is_removed, false)' if 'is_removed' in columns else 'false' -%}
    {%- if is_update -%}
        {%- set current = config.get('current_edges') -%}
        {%- do make_work_table(
            work ~ 'delta',
            "select node_a, node_b, " ~ removed ~ " as is_removed from (" ~ sql ~ "\n) as edges"
        ) -%}
        {%- set changes = finview.update_components(
            work, target, ref(current) if current else none
        ) -%}
        {%- call statement('main') -%}
            {{ apply_component_changes(target, changes) }}
        {%- endcall -%}
        {%- do finview.drop_update_tables(work) -%}
    {%- else -%}
        {%- do make_work_table(
            work ~ 'input',
            "select node_a, node_b from (" ~ sql ~ "\n) as edges where not " ~ removed
        ) -%}
        {%- set labelled = finview.label_components(work, work ~ 'input') -%}
        {%- if existing is not none and existing.type != 'table' -%}
            {{ drop_relation_if_exists(existing) }}
        {%- endif -%}
        {%- call statement('main') -%}
            {{ replace_table(target, labelled) }}
        {%- endcall -%}
    {%- endif -%}
    {%- do finview.drop_component_tables(work) -%}

    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}

{% endmaterialization %}


{#- Whether the query of a `connected_components` model is to give changes only, see above. -#}
{% macro is_incremental_components() -%}
    {%- if not execute -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ return(
        existing is not none
        and existing.type == 'table'
        and config.get('materialized') == 'connected_components'
        and config.get('incremental', false)
        and not should_full_refresh()
    ) }}
{%- endmacro %}
