-- Grain: one row per measure of the health of identity and its cut.
-- Shares have numerator and denominator; counts have their number as value.
with bridge as (

    select *
    from {{ ref('bridge_user_identifier') }}
    where is_primary

),

users as (

    select *
    from {{ ref('dim_user') }}

),

links as (

    select *
    from {{ ref('fct_identity_link') }}

),

customers as (

    select *
    from {{ ref('stg_crm__customers') }}

),

accounts as (

    select
        bridge.user_key,
        customers.customer_id,
        customers.person_name_hash,
        customers.birth_date
    from bridge
    inner join customers
        on bridge.identifier_value = customers.customer_id
    where bridge.identifier_type = 'customer'

),

match_rates as (

    select
        'match_rate' as measure,
        bridge.identifier_type as cut_value,
        cast(sum(case when users.is_registered then 1 else 0 end) as bigint) as numerator,
        count(*) as denominator
    from bridge
    inner join users
        on bridge.user_key = users.user_key
    group by bridge.identifier_type

),

sizes as (

    select
        users.user_key,
        case
            when users.identifier_count <= 2 then '1_to_2'
            when users.identifier_count <= 5 then '3_to_5'
            when users.identifier_count <= 10 then '6_to_10'
            when users.identifier_count <= 20 then '11_to_20'
            else 'over_20'
        end as size_band
    from users
    where users.is_registered

),

totals as (

    select count(*) as user_count
    from sizes

),

cluster_sizes as (

    select
        'registered_users_by_identifiers' as measure,
        sizes.size_band as cut_value,
        count(*) as numerator,
        max(totals.user_count) as denominator
    from sizes
    cross join totals
    group by sizes.size_band

),

demotions as (

    select
        'demoted_identifiers' as measure,
        identifier_type || '/' || demotion_reason as cut_value,
        count(*) as numerator,
        cast(null as bigint) as denominator
    from bridge
    where is_demoted
    group by identifier_type, demotion_reason

),

shared as (

    select
        'shared_devices' as measure,
        'device' as cut_value,
        cast(sum(case when is_shared then 1 else 0 end) as bigint) as numerator,
        count(*) as denominator
    from bridge
    where identifier_type = 'device'

),

cut_links as (

    select
        'cut_links' as measure,
        rule_code || '/' || cut_reason as cut_value,
        count(*) as numerator,
        cast(null as bigint) as denominator
    from links
    where not is_active
    group by rule_code, cut_reason

),

bases as (

    select
        'identifiers_by_link_basis' as measure,
        link_basis as cut_value,
        count(*) as numerator,
        cast(null as bigint) as denominator
    from bridge
    group by link_basis

),

-- Users of several accounts that one single identifier holds together: a bridge, worth a look.
account_links as (

    select
        user_key,
        identifier_value,
        linked_value
    from links
    where is_active and linked_type = 'customer' and identifier_type <> 'device'

),

connectors as (

    select
        user_key,
        identifier_value
    from account_links
    group by user_key, identifier_value
    having count(distinct linked_value) > 1

),

held_together as (

    select
        user_key,
        count(*) as connector_count
    from connectors
    group by user_key

),

bridges as (

    select
        'users_held_by_one_identifier' as measure,
        'all' as cut_value,
        cast(sum(case when held_together.connector_count = 1 then 1 else 0 end) as bigint)
            as numerator,
        count(*) as denominator
    from users
    left join held_together
        on users.user_key = held_together.user_key
    where users.account_count > 1

),

-- Accounts of one user that tell two names or birth dates: two people in one.
disagreeing as (

    select
        user_key,
        count(*) as account_count,
        count(distinct person_name_hash) > 1 or count(distinct birth_date) > 1 as disagrees
    from accounts
    group by user_key

),

over_merged as (

    select
        'over_merge_estimate' as measure,
        'users_with_several_accounts' as cut_value,
        cast(sum(case when disagrees then 1 else 0 end) as bigint) as numerator,
        count(*) as denominator
    from disagreeing
    where account_count > 1

),

-- Users that share a name and a birth date: one person in two.
alike as (

    select
        person_name_hash,
        birth_date,
        count(distinct user_key) as user_count
    from accounts
    where person_name_hash is not null and birth_date is not null
    group by person_name_hash, birth_date

),

under_merged as (

    select
        'under_merge_estimate' as measure,
        'users_with_an_account' as cut_value,
        coalesce(
            cast(sum(case when user_count > 1 then user_count else 0 end) as bigint), 0
        ) as numerator,
        coalesce(cast(sum(user_count) as bigint), 0) as denominator
    from alike

),

combined as (

    select *
    from match_rates
    union all
    select *
    from cluster_sizes
    union all
    select *
    from demotions
    union all
    select *
    from shared
    union all
    select *
    from cut_links
    union all
    select *
    from bases
    union all
    select *
    from bridges
    union all
    select *
    from over_merged
    union all
    select *
    from under_merged

)

select
    measure,
    cut_value,
    cast(coalesce(numerator, 0) as bigint) as numerator,
    denominator,
    case
        when denominator is not null then {{ ratio('numerator', 'denominator') }}
    end as share_ratio
from combined
