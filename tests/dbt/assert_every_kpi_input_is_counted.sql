-- Inputs of KPIs whose rows nobody counts: without them a KPI would show zeros instead of nothing.
select
    inp.kpi_id,
    inp.source_table
from {{ ref('kpi_inputs') }} as inp
left join {{ ref('int_kpi_inputs_checked') }} as counted
    on
        inp.kpi_id = counted.kpi_id
        and inp.source_table = counted.source_table
where counted.kpi_id is null
