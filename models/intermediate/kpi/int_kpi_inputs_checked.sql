-- Grain: one row per KPI that is built and raw table it needs, with the table's rows.
{% set tables = [
    ('channel', 'ad_spend_daily'), ('channel', 'ad_touches'), ('channel', 'app_events'),
    ('channel', 'campaigns'), ('channel', 'coupons'), ('channel', 'messages'),
    ('transaction', 'products'), ('transaction', 'orders'), ('transaction', 'repayments'),
    ('transaction', 'asset_balances'),
    ('crm', 'customers'), ('crm', 'customer_devices'), ('crm', 'consents'), ('crm', 'tickets'),
    ('crm', 'surveys'),
] %}

with counted as (
    {% for source_name, table_name in tables %}
    select
        '{{ source_name }}.{{ table_name }}' as source_table,
        count(*) as row_count
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
)

select
    inp.kpi_id,
    inp.source_table,
    counted.row_count
from {{ ref('kpi_inputs') }} as inp
inner join counted
    on inp.source_table = counted.source_table
