{#-
    The edges that a table of components was built from, in a table beside it: `<model>__edges` with
    `low` and `high`, the numbers of the two nodes (node_number, without salt), each pair once.
    Numbers are a fifth of the size of the texts; the texts stand in the table of components. What
    can go wrong with them, and how seldom: docs/decisions.md, 41.

    It is there while it says what the components were built from, and at no other time: it is moved
    to `<model>__edges_next` before a change, changed there, and moved back once the components are
    written. Where it is missing the components are built in full, so that no cut between two
    statements is noticed later, also by an engine that has no transaction over two tables.
-#}
{% macro kept_edges(relation, suffix='edges') -%}
    {{ return(relation.incorporate(
        path={'identifier': relation.identifier ~ '__' ~ suffix}, type='table'
    )) }}
{%- endmacro %}


{#- Whether components can be brought up to date: both tables are there, in the shape they have. -#}
{% macro can_update_components(existing, target, kept) -%}
    {%- if not config.get('incremental', false) or should_full_refresh()
        or existing is none or existing.type != 'table' or load_cached_relation(kept) is none -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set columns = get_columns_in_query('select * from ' ~ target ~ ' cross join ' ~ kept) -%}
    {{ return(columns | map('lower') | list == ['node', 'component', 'low', 'high']) }}
{%- endmacro %}


{#- Query of the edges of a query with the numbers of their nodes: node_a, node_b, low, high. -#}
{% macro numbered_edges(query, salt=0) -%}
    select
        node_a,
        node_b,
        least(number_a, number_b) as low,
        greatest(number_a, number_b) as high
    from (
        select
            node_a,
            node_b,
            {{ node_number('node_a', salt) }} as number_a,
            {{ node_number('node_b', salt) }} as number_b
        from ({{ query }}
        ) as edges
    ) as numbered
{%- endmacro %}


{#-
    Makes the table of kept edges out of the edges of a full build. Where nodes share a number the
    table stays empty: everything is new to the next build, which is then a full one.
-#}
{% macro keep_edges(kept, edges, salt) -%}
    {%- do run_query(replace_table(
        kept,
        "select distinct low, high from (" ~ finview.numbered_edges("select * from " ~ edges)
        ~ ") as every_edge" ~ (" where false" if salt > 0 else "")
    )) -%}
{%- endmacro %}


{#-
    Makes <work>delta (node_a, node_b, low, high, is_removed): the edges of the query that are not
    kept, and the kept ones that the query has no more (without names). Gives the number of changes
    and that of kept edges.
-#}
{% macro find_edge_delta(work, kept, query) -%}
    {%- do make_work_table(
        work ~ 'delta',
        "select cur.node_a, cur.node_b, coalesce(cur.low, old.low) as low, "
        "coalesce(cur.high, old.high) as high, cur.low is null as is_removed "
        "from (" ~ finview.numbered_edges(query) ~ ") as cur full outer join " ~ kept ~ " as old "
        "on cur.low = old.low and cur.high = old.high "
        "where cur.low is null or old.low is null"
    ) -%}
    {%- set counted = run_query(
        "select count(*), (select count(*) from " ~ kept ~ "), "
        "count(case when not is_removed and (node_a is null or node_b is null) then 1 end) "
        "from " ~ work ~ "delta"
    ).rows[0] -%}
    {%- if counted[2] > 0 -%}
        {%- do exceptions.raise_compiler_error(work ~ ': a row of the query lacks a node') -%}
    {%- endif -%}
    {{ return({'changes': counted[0], 'kept': counted[1]}) }}
{%- endmacro %}
