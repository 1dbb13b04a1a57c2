{#-
    Materialization `connected_components`: a table with one row per node, `node` and `component`,
    where the component is the smallest node of the connected component. The result does not depend
    on the order of the edges, the number of threads or the engine.

    The model's query gives all edges: `node_a`, `node_b` (text; an edge from a node to itself
    declares a lone node).

    Config `incremental=true`: the edges are kept beside the table (kept_edges), the next build
    compares and changes only what the edges that came or went have changed: same result, far fewer
    rows written, none if nothing changed. Config `largest_change`: the share of edges that may
    differ (default 0.1), beyond it a full build is cheaper. Built in full too: on a full refresh,
    where one of the two tables is missing or has another shape, and after a build that was cut off.
    Not for a schema that is published: the kept edges would be published with it.

    How components are found: label_components. How they are kept up to date: update_components.
-#}
{% materialization connected_components, default %}

    {%- set target = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set work = work_table(this, '') -%}
    {%- set kept, kept_next = kept_edges(this), kept_edges(this, 'edges_next') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}

    {%- set plan = namespace(name='full') -%}
    {%- if can_update_components(existing, target, kept) -%}
        {%- set plan.name = finview.update_components(
            work, target, kept, sql, config.get('largest_change', 0.1)
        ) -%}
        {%- if plan.name != 'changed' -%}
            {%- do finview.drop_update_tables(work, plan.name) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if plan.name == 'same' -%}
        {%- do store_raw_result(name='main', message='no change', code='OK', rows_affected=0) -%}
    {%- elif plan.name == 'changed' -%}
        {%- do move_table(kept, kept_next) -%}
        {%- call statement('main') -%}
            {{ apply_component_changes(target, work ~ 'changes') }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
        {%- do change_kept_edges(kept_next, work ~ 'delta') -%}
        {%- do move_table(kept_next, kept) -%}
        {%- do finview.drop_update_tables(work, plan.name) -%}
    {%- else -%}
        {%- set is_kept = config.get('incremental', false) -%}
        {%- for relation in [kept, kept_next] if load_cached_relation(relation) is not none -%}
            {%- do drop_work_table(relation) -%}
        {%- endfor -%}
        {%- do make_work_table(
            work ~ 'input', "select node_a, node_b from (" ~ sql ~ "\n) as edges"
        ) -%}
        {%- set labelled = finview.label_components(
            work, work ~ 'input', kept_next if is_kept else none
        ) -%}
        {%- if existing is not none and existing.type != 'table' -%}
            {{ drop_relation_if_exists(existing) }}
        {%- endif -%}
        {%- call statement('main') -%}
            {{ replace_table(target, labelled) }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
        {%- if is_kept -%}
            {%- do move_table(kept_next, kept) -%}
        {%- endif -%}
        {%- do finview.drop_component_tables(work) -%}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}

{% endmaterialization %}
