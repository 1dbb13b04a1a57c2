{#-
    Compares the edges of a query with those that a table of components was built from, and finds
    what changes in that table. Gives
      'same': no edge came or went;
      'changed': the rows to write are in <work>changes (see component_changes);
      'unclear': better to build in full. More than the share `largest_change` of the edges came or
      went, or the kept edges do not fit the table.
    Neither table is written.
-#}
{% macro update_components(work, target, kept, query, largest_change) -%}
    {%- set found = finview.find_edge_delta(work, kept, query) -%}
    {%- if found.changes == 0 -%}
        {{ return('same') }}
    {%- endif -%}
    {%- if found.changes > largest_change * found.kept -%}
        {{ return('unclear') }}
    {%- endif -%}
    {{ return(finview.apply_edge_delta(work, target, kept)) }}
{%- endmacro %}


{#-
    The same for a given <work>delta (node_a, node_b, low, high, is_removed; removed: no names).

    Components that an edge was removed from are dissolved: each of their nodes is loose, and its
    edges are the kept ones. Any other known node stands for its whole component, so that the graph
    to be labelled is as small as the change, not as the table.
-#}
{% macro apply_edge_delta(work, target, kept) -%}
    {%- do make_work_table(work ~ 'touched', finview.touched_nodes(work ~ 'delta', target)) -%}
    {%- set unclear = run_query(
        "select count(*) from " ~ work ~ "touched where is_unclear"
    ).rows[0][0] -%}
    {%- if unclear > 0 -%}
        {{ return('unclear') }}
    {%- endif -%}
    {%- do make_work_table(
        work ~ 'affected',
        "select tar.node, tar.component, dis.is_dissolved, "
        ~ node_number('tar.node', 0) ~ " as number, " ~ row_place('tar') ~ " as place "
        "from " ~ target ~ " as tar inner join ("
        "select component, max(is_end) = 1 as is_dissolved from " ~ work ~ "touched "
        "where component is not null group by component"
        ") as dis on tar.component = dis.component"
    ) -%}
    {%- do make_work_table(work ~ 'graph', finview.changed_graph(work, kept)) -%}
    {%- do make_work_table(
        work ~ 'relabelled', finview.label_components(work, work ~ 'graph')
    ) -%}
    {%- do make_work_table(work ~ 'changes', finview.component_changes(work)) -%}
    {%- do finview.drop_component_tables(work) -%}
    {{ return('changed') }}
{%- endmacro %}

{#- Drops what update_components left; `outcome` is what it gave. -#}
{% macro drop_update_tables(work, outcome) -%}
    {%- do drop_work_table(work ~ 'delta') -%}
    {%- for part in ['touched', 'affected', 'relabelled', 'changes'] if outcome != 'same' -%}
        {%- do drop_work_table(work ~ part) -%}
    {%- endfor -%}
{%- endmacro %}


{#-
    Query of the ends of changed edges: node, its component so far, and whether an edge was removed
    from it. Unclear is a number of two nodes, and an edge removed from a node that the table lacks
    (another release of an engine may number otherwise).
-#}
{% macro touched_nodes(delta, target) -%}
    select
        coalesce(tar.node, tou.smallest_node) as node,
        tou.is_end,
        tar.component,
        coalesce(tou.smallest_node <> tou.largest_node, false)
        or coalesce(tou.smallest_node <> tar.node, false)
        or (tou.is_end = 1 and tar.node is null) as is_unclear
    from (
        select
            number,
            min(node) as smallest_node,
            max(node) as largest_node,
            max(is_end) as is_end
        from (
            select {{ node_number('node_a', 0) }} as number, node_a as node, 0 as is_end
            from {{ delta }} where not is_removed
            union all
            select {{ node_number('node_b', 0) }} as number, node_b as node, 0 as is_end
            from {{ delta }} where not is_removed
            union all
            select low as number, node_a as node, 1 as is_end
            from {{ delta }} where is_removed
            union all
            select high as number, node_a as node, 1 as is_end
            from {{ delta }} where is_removed
        ) as ends
        group by number
    ) as tou
    left join {{ target }} as tar on tou.number = {{ node_number('tar.node', 0) }}
{%- endmacro %}


{#- Query of the edges (node_a, node_b) among loose nodes, new nodes and labels of components. -#}
{% macro changed_graph(work, kept) -%}
    with loose as (
        select
            node,
            number
        from {{ work }}affected
        where is_dissolved
    ),
    named as (
        select
            tou.node,
            case when loo.node is null then coalesce(tou.component, tou.node) else tou.node end
                as name
        from {{ work }}touched as tou
        left join loose as loo on tou.node = loo.node
    ),
    removed as (
        select
            low,
            high
        from {{ work }}delta
        where is_removed
    )
    select
        lef.name as node_a,
        rig.name as node_b
    from {{ work }}delta as del
    inner join named as lef on del.node_a = lef.node
    inner join named as rig on del.node_b = rig.node
    where not del.is_removed
    union all
    select
        lef.node as node_a,
        rig.node as node_b
    from {{ kept }} as kep
    inner join loose as lef on kep.low = lef.number
    inner join loose as rig on kep.high = rig.number
    left join removed as rem on kep.low = rem.low and kep.high = rem.high
    where rem.low is null
{%- endmacro %}


{#-
    Query of the rows that change: `node`, `component` (null: the node goes), `is_old` (the table
    has the node) and `place` (its row, where the engine has such a thing).
-#}
{% macro component_changes(work) -%}
    with loose as (
        select *
        from {{ work }}affected
        where is_dissolved
    ),
    moved as (
        select
            rel.node as old_component,
            rel.component
        from {{ work }}relabelled as rel
        left join loose as loo on rel.node = loo.node
        where loo.node is null and rel.component <> rel.node
    )
    select
        aff.node,
        mov.component,
        true as is_old,
        aff.place
    from {{ work }}affected as aff
    inner join moved as mov on aff.component = mov.old_component
    union all
    select
        loo.node,
        rel.component,
        true as is_old,
        loo.place
    from loose as loo
    left join {{ work }}relabelled as rel on loo.node = rel.node
    where rel.component is null or loo.component <> rel.component
    union all
    select
        tou.node,
        rel.component,
        false as is_old,
        cast(null as bigint) as place
    from {{ work }}touched as tou
    inner join {{ work }}relabelled as rel on tou.node = rel.node
    where tou.component is null
{%- endmacro %}
