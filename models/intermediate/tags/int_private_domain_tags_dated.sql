-- Grain: one row per user, private domain tag (WeCom contact, community member) and period (half
-- open) in which it held, through whichever staff or group.
with contacts as (

    select *
    from {{ ref('stg_channel__wecom_contacts') }}

),

members as (

    select *
    from {{ ref('stg_channel__community_members') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'wecom_user'

),

held as (

    select
        external_user_id_hash,
        'wecom_contact' as tag_code,
        added_date as held_from_date,
        {{ business_day('removed_at') }} as held_to_date
    from contacts
    union all
    select
        external_user_id_hash,
        'community_member' as tag_code,
        joined_date as held_from_date,
        {{ business_day('left_at') }} as held_to_date
    from members

),

of_users as (

    select
        identifiers.user_key,
        held.tag_code,
        held.held_from_date,
        max(coalesce(held.held_to_date, cast('9999-12-31' as date))) as held_to_date
    from held
    inner join identifiers
        on held.external_user_id_hash = identifiers.identifier_value
    where held.held_to_date is null or held.held_to_date > held.held_from_date
    group by identifiers.user_key, held.tag_code, held.held_from_date

),

reached as (

    select
        *,
        max(held_to_date) over (
            partition by user_key, tag_code
            order by held_from_date
            rows between unbounded preceding and 1 preceding
        ) as reached_date
    from of_users

),

numbered as (

    select
        *,
        sum(case when held_from_date <= reached_date then 0 else 1 end) over (
            partition by user_key, tag_code
            order by held_from_date
            rows between unbounded preceding and current row
        ) as run_number
    from reached

)

select
    user_key,
    tag_code,
    'yes' as tag_value,
    min(held_from_date) as valid_from_date,
    max(held_to_date) as valid_to_date,
    max(held_from_date) as computed_date
from numbered
group by user_key, tag_code, run_number
