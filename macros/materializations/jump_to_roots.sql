{#-
    Follows `parent` from every node of the work table `parents_0` to the root, which is its own
    parent; the path halves with each step. Gives the name of the table with `node` and, as
    `parent`, the root. Uses `parents_0` and `parents_1` in turns.
-#}
{% macro jump_to_roots(work) -%}
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
    {{ return(jump.parents) }}
{%- endmacro %}
