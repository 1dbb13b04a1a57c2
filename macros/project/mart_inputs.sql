{#-
    (schema, model, source, table) for each mart and report and each raw table that it is made from,
    directly or through others; sorted. While dbt parses its graph is not there yet: one row of
    `none`. Apart from its one caller because a walk is no part of a SELECT.
    `reporters`: models left out, because they tell what is delivered and so read every table.
-#}
{% macro mart_inputs(reporters) -%}
    {%- set pairs = [] -%}
    {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        if execute else [] -%}
    {%- for model in models if model.schema in ['mart', 'report'] and model.name not in reporters -%}
        {%- set seen = [] -%}
        {%- set open = model.depends_on.nodes | list -%}
        {#- It grows while it is walked: Jinja has no `while`. -#}
        {%- for node_id in open if node_id not in seen -%}
            {%- do seen.append(node_id) -%}
            {%- if node_id in graph.sources -%}
                {%- set table = graph.sources[node_id] -%}
                {#- `identity` is what finview keeps itself: nobody delivers it. -#}
                {%- if table.source_name != 'identity' -%}
                    {%- do pairs.append((model.schema, model.name, table.source_name, table.name)) -%}
                {%- endif -%}
            {%- elif node_id in graph.nodes -%}
                {%- do open.extend(graph.nodes[node_id].depends_on.get('nodes', [])) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(pairs | sort or [('none', 'none', 'none', 'none')]) }}
{%- endmacro %}
