{#-
    Materialization `connected_components`.

    The model's query gives edges `node_a`, `node_b` (text; an edge from a node to itself declares
    a lone node). The table it makes has one row per node: `node`, `component`, where the component
    is the smallest node of the connected component. The result does not depend on the order of the
    edges, the number of threads or the engine.

    Each round hooks every node to its smallest neighbour, jumps pointers to the root, contracts
    the edges, and composes the labels; rounds repeat until no edge is left. Long chains need a
    logarithmic number of rounds.
-#}
{% materialization connected_components, default %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set work = work_table(this, '') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}

    {%- do make_work_table(work ~ 'input', sql) -%}
    {%- do make_work_table(
        work ~ 'nodes',
        "select node, " ~ node_number() ~ " as node_number from ("
        "select node_a as node from " ~ work ~ "input union "
        "select node_b as node from " ~ work ~ "input) as every_node"
    ) -%}
    {%- do make_work_table(
        work ~ 'edges_0',
        "select distinct "
        "least(nod.node_number, oth.node_number) as node_a, "
        "greatest(nod.node_number, oth.node_number) as node_b "
        "from " ~ work ~ "input as inp "
        "inner join " ~ work ~ "nodes as nod on inp.node_a = nod.node "
        "inner join " ~ work ~ "nodes as oth on inp.node_b = oth.node "
        "where nod.node_number <> oth.node_number"
    ) -%}
    {%- do make_work_table(
        work ~ 'labels_0',
        "select node_number as node, node_number as label from " ~ work ~ "nodes"
    ) -%}

    {%- set rounds = namespace(left=true, count=0) -%}
    {%- for _ in range(100) if rounds.left -%}
        {%- set rounds.left = finview.contract_components(work, loop.index0) -%}
        {%- set rounds.count = loop.index -%}
    {%- endfor -%}
    {%- if rounds.left -%}
        {{ exceptions.raise_compiler_error(this.identifier ~ ': no end after 100 rounds') }}
    {%- endif -%}

    {%- if existing is not none and existing.type != 'table' -%}
        {{ drop_relation_if_exists(existing) }}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ replace_table(
            target_relation,
            "select nod.node, rot.node as component "
            "from " ~ work ~ "labels_" ~ (rounds.count % 2) ~ " as lab "
            "inner join " ~ work ~ "nodes as nod on lab.node = nod.node_number "
            "inner join " ~ work ~ "nodes as rot on lab.label = rot.node_number"
        ) }}
    {%- endcall -%}
    {%- for part in [
        'labels_0', 'labels_1', 'edges_0', 'edges_1', 'parents_0', 'parents_1', 'nodes', 'input'
    ] -%}
        {%- do drop_work_table(work ~ part) -%}
    {%- endfor -%}

    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{#-
    One round on the work tables; true while edges are left. Tables alternate between two names, so
    that none is made out of itself.
-#}
{% macro contract_components(work, round_number) -%}
    {%- set now, then = round_number % 2, (round_number + 1) % 2 -%}
    {%- set edges, labels = work ~ 'edges_' ~ now, work ~ 'labels_' ~ now -%}
    {%- do make_work_table(
        work ~ 'parents_0',
        "select node, least(node, min(neighbour)) as parent from ("
        "select node_a as node, node_b as neighbour from " ~ edges ~ " union all "
        "select node_b as node, node_a as neighbour from " ~ edges ~ ") as both_ways group by node"
    ) -%}
    {%- set jump = namespace(moved=true, parents=work ~ 'parents_0') -%}
    {%- for number in range(64) if jump.moved -%}
        {%- set jumped = work ~ 'parents_' ~ ((number + 1) % 2) -%}
        {%- do make_work_table(
            jumped,
            "select par.node, gra.parent, par.parent <> gra.parent as has_moved "
            "from " ~ jump.parents ~ " as par "
            "inner join " ~ jump.parents ~ " as gra on par.parent = gra.node"
        ) -%}
        {%- set moved = run_query("select count(*) from " ~ jumped ~ " where has_moved") -%}
        {%- set jump.moved = moved.columns[0].values()[0] > 0 -%}
        {%- set jump.parents = jumped -%}
    {%- endfor -%}
    {%- do make_work_table(
        work ~ 'labels_' ~ then,
        "select lab.node, coalesce(par.parent, lab.label) as label from " ~ labels ~ " as lab "
        "left join " ~ jump.parents ~ " as par on lab.label = par.node"
    ) -%}
    {%- do make_work_table(
        work ~ 'edges_' ~ then,
        "select distinct "
        "least(lef.parent, rig.parent) as node_a, greatest(lef.parent, rig.parent) as node_b "
        "from " ~ edges ~ " as edg "
        "inner join " ~ jump.parents ~ " as lef on edg.node_a = lef.node "
        "inner join " ~ jump.parents ~ " as rig on edg.node_b = rig.node "
        "where lef.parent <> rig.parent"
    ) -%}
    {%- set left = run_query("select count(*) from " ~ work ~ "edges_" ~ then) -%}
    {{ return(left.columns[0].values()[0] > 0) }}
{%- endmacro %}
