-- Grain: one row per device with app events: what it is, where, when and how it is used.
-- Of each habit the most frequent value; ties go to the value that sorts first. The home network
-- is the one used most at night.
with events as (

    select *
    from {{ ref('stg_channel__app_events') }}

),

devices as (

    select *
    from {{ ref('stg_channel__devices') }}

),

customers as (

    select *
    from {{ ref('stg_crm__customers') }}

),

customer_devices as (

    select *
    from {{ ref('stg_crm__customer_devices') }}

),

orders as (

    select *
    from {{ ref('stg_transaction__orders') }}

),

-- Two passes over the events: networks have many values, and days are counted for them only.
networks as (

    select
        device_id_hash,
        ip_prefix,
        count(*) as event_count,
        sum(
            case
                when
                    {{ business_hour('occurred_at') }} >= {{ var('match_night_hours')['from'] }}
                    or {{ business_hour('occurred_at') }} < {{ var('match_night_hours')['to'] }}
                    then 1
                else 0
            end
        ) as night_event_count,
        count(distinct event_date) as day_count
    from events
    where ip_prefix is not null
    group by device_id_hash, ip_prefix

),

network_ranks as (

    select
        device_id_hash,
        ip_prefix,
        day_count,
        count(*) over (partition by ip_prefix) as network_device_count,
        row_number() over (
            partition by device_id_hash
            order by night_event_count desc, event_count desc, ip_prefix asc
        ) as network_rank
    from networks

),

homes as (

    select
        *,
        count(*) over (partition by ip_prefix) as network_home_count
    from network_ranks
    where network_rank = 1

),

counted as (

    select
        device_id_hash,
        customer_id,
        region_code,
        page,
        {{ business_hour('occurred_at') }} as event_hour,
        count(*) as event_count,
        min(event_date) as first_event_date,
        max(event_date) as last_event_date
    from events
    group by device_id_hash, customer_id, region_code, page, {{ business_hour('occurred_at') }}

),

facets as (

    {% for facet, value in [
        ('region', 'region_code'),
        ('page', 'page'),
        ('day_part', "case when event_hour < 6 then 'night' when event_hour < 12 then 'morning' "
         "when event_hour < 18 then 'afternoon' else 'evening' end"),
    ] %}
    select
        device_id_hash,
        '{{ facet }}' as facet,
        {{ value }} as facet_value,
        sum(event_count) as event_count
    from counted
    group by device_id_hash, {{ value }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

ranked as (

    select
        device_id_hash,
        facet,
        facet_value,
        row_number() over (
            partition by device_id_hash, facet
            order by event_count desc, facet_value asc
        ) as facet_rank
    from facets
    where facet_value is not null

),

habits as (

    select
        device_id_hash,
        max(case when facet = 'region' and facet_rank = 1 then facet_value end) as region_code,
        max(case when facet = 'page' and facet_rank = 1 then facet_value end) as favourite_page,
        max(case when facet = 'page' and facet_rank = 2 then facet_value end) as second_page,
        max(case when facet = 'day_part' and facet_rank = 1 then facet_value end) as main_day_part,
        max(case when facet = 'day_part' and facet_rank = 2 then facet_value end)
            as second_day_part
    from ranked
    group by device_id_hash

),

totals as (

    select
        device_id_hash,
        cast(sum(event_count) as bigint) as event_count,
        min(first_event_date) as first_event_date,
        max(last_event_date) as last_event_date,
        count(distinct customer_id) as login_customer_count,
        min(customer_id) as first_login_customer_id
    from counted
    group by device_id_hash

),

-- Everybody tied to the device by a system, not by guesswork: such a device needs no match.
sightings as (

    {% for relation, device in [
        ('counted', 'device_id_hash'),
        ('customer_devices', 'device_id_hash'),
        ('customers', 'register_device_id_hash'),
        ('orders', 'device_id_hash'),
    ] %}
    select
        customer_id,
        {{ device }} as device_id_hash
    from {{ relation }}
    where customer_id is not null
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

tied as (

    select
        device_id_hash,
        count(distinct customer_id) as linked_customer_count
    from sightings
    group by device_id_hash

),

profiles as (

    select
        totals.device_id_hash,
        devices.os,
        devices.os_version,
        devices.device_model,
        devices.screen,
        devices.language,
        devices.timezone,
        -- Shared by at least a fifth of the devices: agreeing on it says little.
        count(*) over (partition by devices.language, devices.timezone) * 5 >= count(*) over ()
            as is_common_locale,
        homes.ip_prefix as home_network,
        coalesce(homes.day_count, 0) as home_day_count,
        coalesce(homes.network_device_count, 0) as network_device_count,
        coalesce(homes.network_home_count, 0) as network_home_count,
        habits.region_code,
        habits.main_day_part,
        coalesce(habits.second_day_part, 'none') as second_day_part,
        habits.favourite_page,
        habits.second_page,
        totals.event_count,
        totals.first_event_date,
        totals.last_event_date,
        totals.login_customer_count,
        coalesce(tied.linked_customer_count, 0) as linked_customer_count,
        case when totals.login_customer_count = 1 then totals.first_login_customer_id end
            as single_customer_id,
        -- Two accounts with one id card (else phone) are one person: they are no rivals.
        case
            when totals.login_customer_count = 1
                then
                    coalesce(
                        customers.id_card_hash, customers.phone_hash, totals.first_login_customer_id
                    )
        end as owner_label,
        case
            when homes.ip_prefix is not null and habits.region_code is not null
                then homes.ip_prefix || '|' || habits.region_code
        end as block_key,
        count(*) over (partition by homes.ip_prefix, habits.region_code) as block_device_count
    from totals
    left join habits
        on totals.device_id_hash = habits.device_id_hash
    left join homes
        on totals.device_id_hash = homes.device_id_hash
    left join devices
        on totals.device_id_hash = devices.device_id_hash
    left join tied
        on totals.device_id_hash = tied.device_id_hash
    left join customers
        on totals.first_login_customer_id = customers.customer_id

)

select
    *,
    coalesce(
        event_count >= {{ var('match_minimum_events') }}
        and block_key is not null
        and block_device_count <= {{ var('match_block_devices') }}
        and network_home_count * 100 >= network_device_count * {{ var('match_home_percent') }},
        false
    ) as is_comparable
from profiles
