{#-
    Materialization `connected_components`.

    The model's query gives edges `node_a`, `node_b` (text; an edge from a node to itself declares
    a lone node). The table it makes has one row per node: `node`, `component`, where the component
    is the smallest node of the connected component. The result does not depend on the order of the
    edges or the number of threads.

    Each round hooks every node to its smallest neighbour, jumps pointers to the root, and contracts
    the edges; rounds repeat until no edge is left. Nodes are numbered in text order first, so that
    the loop works on integers. Long chains need a logarithmic number of rounds.
-#}
{% materialization connected_components, adapter='duckdb' %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set work = this.identifier ~ '__' -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}

    {#- Every statement commits by itself: DuckDB takes a table of the open transaction for empty,
        and plans a nested loop over all pairs of nodes. -#}
    {%- do run_query("create or replace temp table " ~ work ~ "input as " ~ sql) -%}
    {%- do run_query(
        "create or replace temp table " ~ work ~ "nodes as "
        "select node, row_number() over (order by node) as node_number from ("
        "select node_a as node from " ~ work ~ "input union "
        "select node_b as node from " ~ work ~ "input) as every_node"
    ) -%}
    {%- do run_query(
        "create or replace temp table " ~ work ~ "edges as select distinct "
        "least(nod.node_number, oth.node_number) as node_a, "
        "greatest(nod.node_number, oth.node_number) as node_b "
        "from " ~ work ~ "input as inp "
        "inner join " ~ work ~ "nodes as nod on inp.node_a = nod.node "
        "inner join " ~ work ~ "nodes as oth on inp.node_b = oth.node "
        "where nod.node_number <> oth.node_number"
    ) -%}
    {%- do run_query(
        "create or replace temp table " ~ work ~ "labels as "
        "select node_number as node, node_number as label from " ~ work ~ "nodes"
    ) -%}

    {%- set rounds = namespace(left=true, count=0) -%}
    {%- for _ in range(100) if rounds.left -%}
        {%- set rounds.left = finview.contract_components(work) -%}
        {%- set rounds.count = loop.index -%}
    {%- endfor -%}
    {%- if rounds.left -%}
        {{ exceptions.raise_compiler_error(this.identifier ~ ': no end after 100 rounds') }}
    {%- endif -%}

    {%- if existing is not none and existing.type != 'table' -%}
        {{ drop_relation_if_exists(existing) }}
    {%- endif -%}
    {%- call statement('main') -%}
        create or replace table {{ target_relation }} as
        select nod.node, rot.node as component
        from {{ work }}labels as lab
        inner join {{ work }}nodes as nod on lab.node = nod.node_number
        inner join {{ work }}nodes as rot on lab.label = rot.node_number
    {%- endcall -%}
    {%- for part in ['input', 'nodes', 'edges', 'labels', 'parents', 'jumped'] -%}
        {%- do run_query('drop table if exists ' ~ work ~ part) -%}
    {%- endfor -%}

    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{#- One round on the work tables; true while edges are left. -#}
{% macro contract_components(work) -%}
    {%- do run_query(
        "create or replace temp table " ~ work ~ "parents as "
        "select node, least(node, min(neighbour)) as parent from ("
        "select node_a as node, node_b as neighbour from " ~ work ~ "edges union all "
        "select node_b as node, node_a as neighbour from " ~ work ~ "edges) as both_ways group by node"
    ) -%}
    {%- set jump = namespace(moved=true) -%}
    {%- for _ in range(64) if jump.moved -%}
        {%- do run_query(
            "create or replace temp table " ~ work ~ "jumped as "
            "select par.node, gra.parent from " ~ work ~ "parents as par "
            "inner join " ~ work ~ "parents as gra on par.parent = gra.node"
        ) -%}
        {%- set moved = run_query(
            "select count(*) from " ~ work ~ "parents as par inner join " ~ work ~ "jumped as jum "
            "on par.node = jum.node where par.parent <> jum.parent"
        ) -%}
        {%- set jump.moved = moved.columns[0].values()[0] > 0 -%}
        {%- do run_query("create or replace temp table " ~ work ~ "parents as select * from " ~ work ~ "jumped") -%}
    {%- endfor -%}
    {%- do run_query(
        "create or replace temp table " ~ work ~ "labels as "
        "select lab.node, coalesce(par.parent, lab.label) as label from " ~ work ~ "labels as lab "
        "left join " ~ work ~ "parents as par on lab.label = par.node"
    ) -%}
    {%- do run_query(
        "create or replace temp table " ~ work ~ "edges as select distinct "
        "least(lef.parent, rig.parent) as node_a, greatest(lef.parent, rig.parent) as node_b "
        "from " ~ work ~ "edges as edg "
        "inner join " ~ work ~ "parents as lef on edg.node_a = lef.node "
        "inner join " ~ work ~ "parents as rig on edg.node_b = rig.node "
        "where lef.parent <> rig.parent"
    ) -%}
    {%- set left = run_query("select count(*) from " ~ work ~ "edges") -%}
    {{ return(left.columns[0].values()[0] > 0) }}
{%- endmacro %}
