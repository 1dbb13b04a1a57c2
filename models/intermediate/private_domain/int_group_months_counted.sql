-- Grain: one row per community group, member and month in which the member belonged to the group
-- for a day or more, with the member's messages, reactions and clicks in the group.
with members as (

    select *
    from {{ ref('int_memberships_unioned') }}
    where membership_kind = 'community'

),

activity as (

    select *
    from {{ ref('stg_channel__community_activity') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'wecom_user'

),

days as (

    {{ date_series('(select min(joined_date) from members)', as_of_date()) }}

),

months as (

    select {{ period_start('month', 'date_day') }} as month_date
    from days
    group by {{ period_start('month', 'date_day') }}

),

placed as (

    select
        members.unit_id as group_id,
        members.person_key,
        months.month_date
    from months
    inner join members
        on
            {{ add_months('months.month_date', 1) }} > members.joined_date
            and (months.month_date <= members.left_date or members.left_date is null)
    group by members.unit_id, members.person_key, months.month_date

),

acted as (

    select
        activity.group_id,
        coalesce(identifiers.user_key, activity.external_user_id_hash) as person_key,
        {{ period_start('month', 'activity.happened_date') }} as month_date,
        count(*) as interaction_count
    from activity
    left join identifiers
        on activity.external_user_id_hash = identifiers.identifier_value
    group by
        activity.group_id,
        coalesce(identifiers.user_key, activity.external_user_id_hash),
        {{ period_start('month', 'activity.happened_date') }}

)

select
    placed.group_id,
    placed.person_key,
    placed.month_date,
    coalesce(acted.interaction_count, 0) as interaction_count
from placed
left join acted
    on
        placed.group_id = acted.group_id
        and placed.person_key = acted.person_key
        and placed.month_date = acted.month_date
