-- One row per KPI that has a model and no line in kpi_inputs, or a line and no model: the scorecard
-- would call it 'not built', or show it as built without a value.
{% set built = [] %}
{% if execute %}
    {% for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') %}
        {% if node.name.startswith('kpi_') %}
            {% do built.append(node.name[4:]) %}
        {% endif %}
    {% endfor %}
{% endif %}

with models as (
    {% for kpi_id in built | sort %}
    select '{{ kpi_id }}' as kpi_id
    {% if not loop.last %}
    union all
    {% endif %}
    {% else %}
    select cast(null as string) as kpi_id
    {% endfor %}
),

inputs as (

    select kpi_id
    from {{ ref('kpi_inputs') }}
    group by kpi_id

)

select
    models.kpi_id as model_kpi_id,
    inputs.kpi_id as input_kpi_id
from models
full outer join inputs
    on models.kpi_id = inputs.kpi_id
where models.kpi_id is null or inputs.kpi_id is null
