{#-
    Materialization `seeded_components`.

    The model's query gives edges `node_a`, `node_b`, `strength` (whole numbers, no two edges with
    the same one; more is stronger) and `is_seed`; an edge from a node to itself declares the node,
    and whether it is a seed. The table it makes has one row per node: `node`, `seed_node`.

    Every node belongs to one seed: on each path between two seeds the weakest edge is cut, as a
    maximum spanning forest with one seed per tree does it. A node that no seed reaches belongs to
    the smallest node of its own tree. The result does not depend on the order of the edges, the
    number of threads or the engine.

    Each round every tree without a seed joins the neighbour over its strongest edge (Borůvka);
    trees with a seed wait to be joined. Rounds are logarithmic in the number of nodes; with no edge
    there is none.
-#}
{% materialization seeded_components, default %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set work = work_table(this, '') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}

    {%- do make_work_table(work ~ 'input', sql) -%}
    {%- do make_work_table(
        work ~ 'labels_0',
        "select node_a as node, node_a as label from " ~ work ~ "input where node_a = node_b"
    ) -%}
    {%- do make_work_table(
        work ~ 'seeds',
        "select node_a as node from " ~ work ~ "input where node_a = node_b and is_seed"
    ) -%}
    {%- set rounds = namespace(left=true, count=0) -%}
    {%- for _ in range(100) if rounds.left -%}
        {%- set rounds.left = finview.join_strongest_neighbours(work, loop.index0) -%}
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
            "select node, label as seed_node from " ~ work ~ "labels_" ~ (rounds.count % 2)
        ) }}
    {%- endcall -%}
    {%- for part in [
        'labels_0', 'labels_1', 'parents', 'hooks', 'choices', 'seeds', 'input'
    ] -%}
        {%- do drop_work_table(work ~ part) -%}
    {%- endfor -%}

    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{#- One round; true while a tree has joined another. -#}
{% macro join_strongest_neighbours(work, round_number) -%}
    {%- set labels = work ~ 'labels_' ~ (round_number % 2) -%}
    {%- do make_work_table(
        work ~ 'choices',
        "select cho.node, max_by(cho.neighbour, cho.strength) as parent from ("
        "select lab.label as node, oth.label as neighbour, inp.strength "
        "from " ~ work ~ "input as inp "
        "inner join " ~ labels ~ " as lab on inp.node_a = lab.node "
        "inner join " ~ labels ~ " as oth on inp.node_b = oth.node union all "
        "select oth.label as node, lab.label as neighbour, inp.strength "
        "from " ~ work ~ "input as inp "
        "inner join " ~ labels ~ " as lab on inp.node_a = lab.node "
        "inner join " ~ labels ~ " as oth on inp.node_b = oth.node) as cho "
        "left join " ~ work ~ "seeds as see on cho.node = see.node "
        "where cho.node <> cho.neighbour and see.node is null group by cho.node"
    ) -%}
    {#- Two trees that chose each other: the smaller label stands for both. -#}
    {%- do make_work_table(
        work ~ 'hooks',
        "select cho.node, cho.parent, true as is_open from " ~ work ~ "choices as cho "
        "left join " ~ work ~ "choices as bac on cho.parent = bac.node "
        "where not coalesce(bac.parent = cho.node and cho.node < cho.parent, false)"
    ) -%}
    {%- do jump_to_roots(work, work ~ 'parents') -%}
    {%- set moved = run_query("select count(*) from " ~ work ~ "choices") -%}
    {%- do make_work_table(
        work ~ 'labels_' ~ ((round_number + 1) % 2),
        "select lab.node, coalesce(par.parent, lab.label) as label from " ~ labels ~ " as lab "
        "left join " ~ work ~ "parents as par on lab.label = par.node"
    ) -%}
    {{ return(moved.columns[0].values()[0] > 0) }}
{%- endmacro %}
