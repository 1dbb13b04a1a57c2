{#-
    Labels the connected components of a graph, statement by statement.
    label_components(work, edges) takes the work table `edges` (node_a, node_b; dropped on the way)
    and gives a query of `node`, `component`: one row per node, the component being its smallest
    node. drop_component_tables(work) drops what that query reads. `kept` names a table to be made
    of the edges, see kept_edges.

    Every node gets a random number (a hash, checked to be one per node), so that neither long texts
    nor an order in them (a chain of names in a row) cost anything. A round hooks each node to its
    smallest neighbour, keeps the edges to its other smaller neighbours, jumps to the roots and
    contracts the kept edges to them; rounds repeat until none is kept. With random numbers at least
    half of the nodes go in a round whatever the shape, and the trees are flat.
-#}
{% macro label_components(work, edges, kept=none) -%}
    {%- do finview.number_nodes(work, edges, kept) -%}
    {%- set left = namespace(edges=true, rounds=0) -%}
    {%- for _ in range(100) if left.edges -%}
        {%- set left.edges = finview.contract_components(work, loop.index0) -%}
        {%- set left.rounds = loop.index -%}
    {%- endfor -%}
    {%- if left.edges -%}
        {%- do exceptions.raise_compiler_error(work ~ ': edges are left after 100 rounds') -%}
    {%- endif -%}
    {{ return(
        "with labelled as ("
        "select nod.node, coalesce(rot.parent, nod.number) as label from " ~ work ~ "nodes as nod "
        "left join " ~ finview.compose_rounds(work, left.rounds) ~ " as rot "
        "on nod.number = rot.node), "
        "smallest as (select label, min(node) as component from labelled group by label) "
        "select lab.node, sma.component from labelled as lab "
        "inner join smallest as sma on lab.label = sma.label"
    ) }}
{%- endmacro %}

{% macro drop_component_tables(work) -%}
    {%- for part in ['nodes', 'edges_0', 'edges_1', 'roots_0', 'roots_1', 'parents_0'] -%}
        {%- do drop_work_table(work ~ part) -%}
    {%- endfor -%}
{%- endmacro %}


{#-
    Makes <work>nodes (node, number) and <work>edges_0 (low, high) of their numbers. A hash that two
    nodes share is tried again with another salt.
-#}
{% macro number_nodes(work, edges, kept) -%}
    {%- set tried = namespace(salt=-1, clashes=1) -%}
    {%- for salt in range(5) if tried.clashes > 0 -%}
        {%- do make_work_table(
            work ~ 'nodes',
            "select node, " ~ node_number('node', salt) ~ " as number from ("
            "select node_a as node from " ~ edges ~ " union "
            "select node_b as node from " ~ edges ~ ") as every_node"
        ) -%}
        {%- set counted = run_query(
            "select count(*) - count(distinct number), count(*) - count(node) "
            "from " ~ work ~ "nodes"
        ).rows[0] -%}
        {%- if counted[1] > 0 -%}
            {%- do exceptions.raise_compiler_error(work ~ ': a row of the query lacks a node') -%}
        {%- endif -%}
        {%- set tried.salt, tried.clashes = salt, counted[0] -%}
    {%- endfor -%}
    {%- if tried.clashes > 0 -%}
        {%- do exceptions.raise_compiler_error(work ~ ': nodes share a number, five times') -%}
    {%- endif -%}
    {%- if kept is not none -%}
        {%- do finview.keep_edges(kept, edges, tried.salt) -%}
    {%- endif -%}
    {%- do make_work_table(
        work ~ 'edges_0',
        "select least(number_a, number_b) as low, greatest(number_a, number_b) as high from ("
        "select " ~ node_number('node_a', tried.salt) ~ " as number_a, "
        ~ node_number('node_b', tried.salt) ~ " as number_b from " ~ edges ~ ") as numbered "
        "where number_a <> number_b"
    ) -%}
    {%- do drop_work_table(edges) -%}
{%- endmacro %}


{#-
    One round: makes <work>parents_<round> (node, its root) of the nodes that go, and the edges of
    the next round; true while there are any. Edges alternate between two names, so that no table
    is made out of itself.
-#}
{% macro contract_components(work, number) -%}
    {%- set edges, hooks = work ~ 'edges_' ~ number % 2, work ~ 'hooks' -%}
    {%- set kept, parents = work ~ 'kept', work ~ 'parents_' ~ number -%}
    {%- do make_work_table(
        hooks,
        "select high as node, min(low) as parent, min(low) <> max(low) as has_more, "
        "true as is_open from " ~ edges ~ " group by high"
    ) -%}
    {#- A kept edge joins two smaller neighbours of a node: the node itself is hooked to one. -#}
    {%- do make_work_table(
        kept,
        "select edg.low as node, hok.parent as neighbour from " ~ edges ~ " as edg "
        "inner join " ~ hooks ~ " as hok on edg.high = hok.node "
        "where hok.has_more and edg.low <> hok.parent"
    ) -%}
    {%- do finview.jump_to_roots(work, parents) -%}
    {%- set next_edges = work ~ 'edges_' ~ (number + 1) % 2 -%}
    {%- do make_work_table(
        next_edges,
        "select distinct least(node, neighbour) as low, greatest(node, neighbour) as high from ("
        "select coalesce(lef.parent, kep.node) as node, "
        "coalesce(rig.parent, kep.neighbour) as neighbour from " ~ kept ~ " as kep "
        "left join " ~ parents ~ " as lef on kep.node = lef.node "
        "left join " ~ parents ~ " as rig on kep.neighbour = rig.node) as contracted "
        "where node <> neighbour"
    ) -%}
    {%- do drop_work_table(hooks) -%}
    {%- do drop_work_table(kept) -%}
    {{ return(run_query("select count(*) from " ~ next_edges).rows[0][0] > 0) }}
{%- endmacro %}


{#-
    Makes `parents` (node, parent) out of <work>hooks, with the root of its tree as each node's
    parent. A jump takes the rows that are open, whose parent may have one itself; the others are
    settled.
-#}
{% macro jump_to_roots(work, parents) -%}
    {%- set columns = "select node, parent, is_open from " -%}
    {%- set now = namespace(table=work ~ 'hooks', above=columns ~ work ~ 'hooks', open=true) -%}
    {%- set settled = [] -%}
    {%- for number in range(64) if now.open -%}
        {%- set jump = work ~ 'jump_' ~ number -%}
        {%- do make_work_table(
            jump,
            "select par.node, coalesce(abo.parent, par.parent) as parent, "
            "coalesce(abo.is_open, false) as is_open from " ~ now.table ~ " as par "
            "left join (" ~ now.above ~ ") as abo on par.parent = abo.node where par.is_open"
        ) -%}
        {%- set now.open = run_query(
            "select count(*) from " ~ jump ~ " where is_open"
        ).rows[0][0] > 0 -%}
        {%- set now.table = jump -%}
        {%- set now.above = (settled + [columns ~ jump]) | join(" union all ") -%}
        {%- do settled.append(columns ~ jump ~ " where not is_open") -%}
    {%- endfor -%}
    {%- if now.open -%}
        {%- do exceptions.raise_compiler_error(work ~ ': no root after 64 jumps') -%}
    {%- endif -%}
    {%- do make_work_table(
        parents, "select node, parent from (" ~ settled | join(" union all ") ~ ") as every_node"
    ) -%}
    {%- for _ in settled -%}
        {%- do drop_work_table(work ~ 'jump_' ~ loop.index0) -%}
    {%- endfor -%}
{%- endmacro %}


{#-
    The table with the last root of every node that went in one of the rounds, from the last round
    to the first. Drops the tables of the rounds.
-#}
{% macro compose_rounds(work, rounds) -%}
    {%- set composed = namespace(table=work ~ 'parents_' ~ (rounds - 1)) -%}
    {%- for number in range(rounds - 2, -1, -1) -%}
        {%- set parents, roots = work ~ 'parents_' ~ number, work ~ 'roots_' ~ number % 2 -%}
        {%- do make_work_table(
            roots,
            "select par.node, coalesce(abo.parent, par.parent) as parent from " ~ parents
            ~ " as par left join " ~ composed.table ~ " as abo on par.parent = abo.node "
            "union all select node, parent from " ~ composed.table
        ) -%}
        {%- do drop_work_table(parents) -%}
        {%- do drop_work_table(composed.table) -%}
        {%- set composed.table = roots -%}
    {%- endfor -%}
    {{ return(composed.table) }}
{%- endmacro %}
