{#-
    What is in a schema on Spark: (schema, name, temporary, information) of tables and views.
    dbt-spark's own way describes each Iceberg table by a query of its own and knows no views.
-#}
{% macro spark__list_relations_without_caching(schema_relation) -%}
    {%- set found = [] -%}
    {%- for kind, provider in [('tables', 'Provider: iceberg'), ('views', 'Type: VIEW')] -%}
        {%- for row in run_query('show ' ~ kind ~ ' in ' ~ schema_relation.schema).rows -%}
            {%- if not row[2] -%}
                {%- do found.append((row[0], row[1], row[2], provider)) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
