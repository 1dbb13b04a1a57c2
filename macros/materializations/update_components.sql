{#-
    Brings a table of components up to date, as far as a work table `<work>delta` (node_a, node_b,
    is_removed) says. Gives the name of a work table with the rows that change: `node`, `component`
    (null: the node goes) and `is_old` (the table has the node). `target` itself is only read.

    Components that an edge was removed from are dissolved: each of their nodes is loose, and its
    edges are those of `current_edges`. Any other known node stands for its whole component, so that
    the graph to be labelled is as small as the change, not as the table.
-#}
{% macro update_components(work, target, current_edges) -%}
    {%- set delta = work ~ 'delta' -%}
    {%- set counted = run_query(
        "select count(case when is_removed then 1 end), "
        "2 * count(*) - count(node_a) - count(node_b) from " ~ delta
    ).rows[0] -%}
    {%- if counted[1] > 0 -%}
        {%- do exceptions.raise_compiler_error(target ~ ': a changed edge lacks a node') -%}
    {%- endif -%}
    {%- set removes = counted[0] > 0 -%}
    {%- if removes and current_edges is none -%}
        {%- do exceptions.raise_compiler_error(
            target ~ ': an edge was removed, but config current_edges names no model'
        ) -%}
    {%- endif -%}
    {%- do make_work_table(
        work ~ 'touched',
        "select del.node, max(del.is_end) as is_end, max(tar.component) as component from ("
        "select node_a as node, case when is_removed then 1 else 0 end as is_end from " ~ delta
        ~ " union all "
        "select node_b as node, case when is_removed then 1 else 0 end as is_end from " ~ delta
        ~ ") as del left join " ~ target ~ " as tar on del.node = tar.node group by del.node"
    ) -%}
    {%- do finview.dissolve_components(work, target, removes) -%}
    {%- do make_work_table(
        work ~ 'graph', finview.changed_graph(work, current_edges if removes else none)
    ) -%}
    {%- do make_work_table(
        work ~ 'relabelled', finview.label_components(work, work ~ 'graph')
    ) -%}
    {%- do make_work_table(work ~ 'changes', finview.component_changes(work, target)) -%}
    {{ return(work ~ 'changes') }}
{%- endmacro %}

{% macro drop_update_tables(work) -%}
    {%- for part in ['delta', 'touched', 'loose', 'relabelled', 'changes'] -%}
        {%- do drop_work_table(work ~ part) -%}
    {%- endfor -%}
{%- endmacro %}


{#-
    Makes <work>loose (node, component): the nodes of components that an edge was removed from, and
    the ends of removed edges that the table lacks, without a component.
-#}
{% macro dissolve_components(work, target, removes) -%}
    {%- if removes -%}
        {%- do make_work_table(
            work ~ 'loose',
            "select tar.node, tar.component from " ~ target ~ " as tar inner join ("
            "select component from " ~ work ~ "touched "
            "where is_end = 1 and component is not null group by component"
            ") as dis on tar.component = dis.component "
            "union all select node, component from " ~ work ~ "touched "
            "where is_end = 1 and component is null"
        ) -%}
    {%- else -%}
        {%- do make_work_table(
            work ~ 'loose', "select node, component from " ~ work ~ "touched where false"
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#-
    Query of the edges (node_a, node_b) among loose nodes, new nodes and labels of other components.
    An edge that both came and went, as far as the delta says, has loose ends, and counts if it is
    among the current edges. So it is enough to look for loose nodes on the side of `node_a`: an
    edge from a node that is not loose to a loose one came with the delta.
-#}
{% macro changed_graph(work, current_edges) -%}
    with named as (
        select
            tou.node,
            case
                when loo.node is null then coalesce(tou.component, tou.node)
                else tou.node
            end as name
        from {{ work }}touched as tou
        left join {{ work }}loose as loo on tou.node = loo.node
    ),
    removed as (
        select distinct
            least(node_a, node_b) as low,
            greatest(node_a, node_b) as high
        from {{ work }}delta
        where is_removed
    )
    select
        lef.name as node_a,
        rig.name as node_b
    from {{ work }}delta as del
    inner join named as lef on del.node_a = lef.node
    inner join named as rig on del.node_b = rig.node
    left join removed as rem
        on
            least(del.node_a, del.node_b) = rem.low
            and greatest(del.node_a, del.node_b) = rem.high
    where rem.low is null
    {%- if current_edges is not none %}
    union all
    select
        cur.node_a,
        cur.node_b
    from {{ current_edges }} as cur
    inner join {{ work }}loose as loo on cur.node_a = loo.node
    {%- endif %}
{%- endmacro %}


{#- Query of the rows that change, out of the labels of the changed graph. -#}
{% macro component_changes(work, target) -%}
    with moved as (
        select
            rel.node as old_component,
            rel.component
        from {{ work }}relabelled as rel
        left join {{ work }}loose as loo on rel.node = loo.node
        where loo.node is null and rel.component <> rel.node
    )
    select
        tar.node,
        mov.component,
        true as is_old
    from {{ target }} as tar
    inner join moved as mov on tar.component = mov.old_component
    union all
    select
        loo.node,
        rel.component,
        loo.component is not null as is_old
    from {{ work }}loose as loo
    left join {{ work }}relabelled as rel on loo.node = rel.node
    where
        loo.component <> rel.component
        or (loo.component is null and rel.component is not null)
        or (loo.component is not null and rel.component is null)
    union all
    select
        tou.node,
        rel.component,
        false as is_old
    from {{ work }}touched as tou
    inner join {{ work }}relabelled as rel on tou.node = rel.node
    where tou.component is null and tou.is_end = 0
{%- endmacro %}
