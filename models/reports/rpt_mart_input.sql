-- Grain: one row per mart or report and raw table that it is made from, directly or through others.
-- The pairs are those of dbt's graph; only whether a table is there comes from data.
{% set pairs = mart_inputs(reporters=['rpt_source_delivery', 'rpt_mart_input']) %}

-- One list of rows: hundreds of unions are more than Spark's planner has stack for.
with inputs as (

    select pairs.*
    from (
        values
        {% for schema_name, model_name, source_name, table_name in pairs %}
        (
            '{{ schema_name }}', '{{ model_name }}', '{{ source_name }}.{{ table_name }}'
        ){{ ',' if not loop.last }}
        {% endfor %}
    ) as pairs (schema_name, model_name, source_table)

),

deliveries as (

    select
        source_table,
        is_delivered
    from {{ ref('rpt_source_delivery') }}

)

select
    inputs.schema_name,
    inputs.model_name,
    inputs.source_table,
    not deliveries.is_delivered as is_missing
from inputs
inner join deliveries
    on inputs.source_table = deliveries.source_table
