-- Grain: one row per rule, identifier, the identifier it was seen with (if any) and window.
-- What the sources saw, nothing decided yet. Windows are those of the identifier's type.
{%- set sightings = [
    (none, 'crm__customers', 'customer', 'customer_id', none, none, 'registered_at'),
    ('customer_phone', 'crm__customers', 'phone', 'phone_hash',
     'customer', 'customer_id', 'registered_at'),
    ('customer_id_card', 'crm__customers', 'id_card', 'id_card_hash',
     'customer', 'customer_id', 'registered_at'),
    ('customer_email', 'crm__customers', 'email', 'email_hash',
     'customer', 'customer_id', 'registered_at'),
    ('customer_member_number', 'crm__customers', 'member_number', 'member_number_hash',
     'customer', 'customer_id', 'registered_at'),
    ('register_device', 'crm__customers', 'device', 'register_device_id_hash',
     'customer', 'customer_id', 'registered_at'),
    ('customer_device', 'crm__customer_devices', 'device', 'device_id_hash',
     'customer', 'customer_id', 'first_seen_at'),
    ('crm_merge', 'crm__customer_merges', 'customer', 'merged_customer_id',
     'customer', 'surviving_customer_id', 'merged_at'),
    (none, 'crm__consents', 'customer', 'customer_id', none, none, 'happened_at'),
    (none, 'crm__tickets', 'customer', 'customer_id', none, none, 'opened_at'),
    ('lead_customer', 'crm__leads', 'lead', 'lead_id',
     'customer', 'converted_customer_id', 'created_at'),
    ('lead_phone', 'crm__leads', 'lead', 'lead_id', 'phone', 'phone_hash', 'created_at'),
    ('app_login', 'channel__app_events', 'device', 'device_id_hash',
     'customer', 'customer_id', 'occurred_at'),
    (none, 'channel__ad_touches', 'device', 'device_id_hash', none, none, 'touched_at'),
    ('touch_platform_user', 'channel__ad_touches', 'platform_user', 'platform_user_id_hash',
     'device', 'device_id_hash', 'touched_at'),
    (none, 'channel__coupons', 'customer', 'customer_id', none, none, 'claimed_at'),
    ('coupon_phone', 'channel__coupons', 'phone', 'claimed_by_phone_hash',
     'customer', 'customer_id', 'claimed_at'),
    ('coupon_device_phone', 'channel__coupons', 'device', 'claimed_device_id_hash',
     'phone', 'claimed_by_phone_hash', 'claimed_at'),
    ('coupon_device', 'channel__coupons', 'device', 'claimed_device_id_hash',
     'customer', 'customer_id', 'claimed_at'),
    (none, 'channel__messages', 'customer', 'customer_id', none, none, 'sent_at'),
    ('message_phone', 'channel__messages', 'phone', 'recipient_phone_hash',
     'customer', 'customer_id', 'sent_at'),
    ('referral_phone', 'channel__referrals', 'phone', 'invitee_phone_hash',
     'customer', 'registered_customer_id', 'sent_at'),
    ('social_phone', 'channel__social_profiles', 'open_id', 'open_id_hash',
     'phone', 'phone_hash', 'followed_at'),
    ('social_union', 'channel__social_profiles', 'union_id', 'union_id_hash',
     'open_id', 'open_id_hash', 'followed_at'),
    ('wecom_phone', 'channel__wecom_contacts', 'wecom_user', 'external_user_id_hash',
     'phone', 'phone_hash', 'added_at'),
    ('wecom_union', 'channel__wecom_contacts', 'union_id', 'union_id_hash',
     'wecom_user', 'external_user_id_hash', 'added_at'),
    (none, 'channel__community_members', 'wecom_user', 'external_user_id_hash',
     none, none, 'joined_at'),
    (none, 'transaction__orders', 'customer', 'customer_id', none, none, 'ordered_at'),
    ('order_device', 'transaction__orders', 'device', 'device_id_hash',
     'customer', 'customer_id', 'ordered_at'),
] %}

with rules as (

    select *
    from {{ ref('identity_rules') }}

),

unioned as (
    {% for rule_code, source, type, value, linked_type, linked_value, seen_at in sightings %}
    select
        {% if linked_type %}
        case when {{ linked_value }} is not null then '{{ rule_code }}' end as rule_code,
        '{{ type }}' as identifier_type,
        {{ value }} as identifier_value,
        case when {{ linked_value }} is not null then '{{ linked_type }}' end as linked_type,
        {{ linked_value }} as linked_value,
        {% else %}
        cast(null as string) as rule_code,
        '{{ type }}' as identifier_type,
        {{ value }} as identifier_value,
        cast(null as string) as linked_type,
        cast(null as string) as linked_value,
        {% endif %}
        {{ seen_at }} as seen_at
    from {{ ref('stg_' ~ source) }}
    where
        {{ value }} is not null
        {{ 'and undone_at is null' if rule_code == 'crm_merge' }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

windowed as (

    select
        unioned.*,
        {{ window_number(business_day('unioned.seen_at'), 'rules.window_days') }} as window_number
    from unioned
    inner join rules
        on unioned.identifier_type = rules.identifier_type

)

select
    rule_code,
    identifier_type,
    identifier_value,
    linked_type,
    linked_value,
    window_number,
    min(seen_at) as first_seen_at,
    max(seen_at) as last_seen_at,
    count(*) as sighting_count
from windowed
group by
    rule_code,
    identifier_type,
    identifier_value,
    linked_type,
    linked_value,
    window_number
