-- Grain: one row per raw table of the contract.
-- Rows are those the models see: the latest versions, up to the as-of date.
{% set tables = [
    ('channel', 'ad_spend_daily', 'spend_date'),
    ('channel', 'ad_touches', 'touch_date'),
    ('channel', 'app_events', 'event_date'),
    ('channel', 'campaigns', none),
    ('channel', 'community_activity', 'happened_date'),
    ('channel', 'community_members', 'joined_date'),
    ('channel', 'content_posts', 'published_date'),
    ('channel', 'coupons', 'claimed_date'),
    ('channel', 'creative_reviews', 'submitted_date'),
    ('channel', 'creatives', none),
    ('channel', 'devices', none),
    ('channel', 'messages', 'sent_date'),
    ('channel', 'offline_events', 'start_date'),
    ('channel', 'partner_calls_daily', 'call_date'),
    ('channel', 'referrals', 'sent_date'),
    ('channel', 'social_profiles', 'followed_date'),
    ('channel', 'wecom_contacts', 'added_date'),
    ('crm', 'consents', 'happened_date'),
    ('crm', 'customer_devices', 'first_seen_date'),
    ('crm', 'customer_merges', 'merged_date'),
    ('crm', 'customers', 'registration_date'),
    ('crm', 'erasure_requests', 'requested_date'),
    ('crm', 'experiment_assignments', 'assigned_date'),
    ('crm', 'experiments', 'started_date'),
    ('crm', 'leads', 'created_date'),
    ('crm', 'recommendations', 'decided_date'),
    ('crm', 'sentiment_items', 'found_date'),
    ('crm', 'surveys', 'asked_date'),
    ('crm', 'tickets', 'opened_date'),
    ('transaction', 'accounts', 'opened_date'),
    ('transaction', 'asset_balances', 'balance_date'),
    ('transaction', 'credit_applications', 'applied_date'),
    ('transaction', 'orders', 'order_date'),
    ('transaction', 'payments', 'paid_date'),
    ('transaction', 'products', none),
    ('transaction', 'repayments', 'due_date'),
] %}

with counted as (
    {% for source_name, table_name, day in tables %}
    select
        '{{ source_name }}' as source_name,
        '{{ table_name }}' as table_name,
        count(*) as row_count,
        {{ 'min(' ~ day ~ ')' if day else 'cast(null as date)' }} as first_business_date,
        {{ 'max(' ~ day ~ ')' if day else 'cast(null as date)' }} as last_business_date
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
)

select
    source_name || '.' || table_name as source_table,
    source_name,
    table_name,
    row_count,
    first_business_date,
    last_business_date,
    row_count > 0 as is_delivered
from counted
