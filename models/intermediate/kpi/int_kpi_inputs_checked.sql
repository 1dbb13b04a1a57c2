-- Grain: one row per KPI that is built and raw table it needs, with the table's rows.
{% set tables = [
    ('channel', 'ad_spend_daily'), ('channel', 'ad_touches'), ('channel', 'app_events'),
    ('channel', 'campaigns'), ('channel', 'community_activity'), ('channel', 'community_members'),
    ('channel', 'coupons'), ('channel', 'messages'), ('channel', 'offline_events'),
    ('channel', 'partner_calls_daily'), ('channel', 'referrals'), ('channel', 'social_profiles'),
    ('channel', 'wecom_contacts'),
    ('transaction', 'asset_balances'), ('transaction', 'credit_applications'),
    ('transaction', 'orders'), ('transaction', 'products'), ('transaction', 'repayments'),
    ('crm', 'consents'), ('crm', 'customer_devices'), ('crm', 'customers'),
    ('crm', 'experiment_assignments'), ('crm', 'leads'), ('crm', 'recommendations'),
    ('crm', 'surveys'), ('crm', 'tickets'),
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
