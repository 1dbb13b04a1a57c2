-- Grain: one row per user with an account, tag and period (half open) in which a value held.
-- A tag with data behind it is in force only from its first arrival to expires_days after its last.
with tags as (

    select *
    from {{ ref('tags') }}

),

accounts as (

    select user_key
    from {{ ref('int_users_surviving') }}

),

spans as (

    select *
    from {{ ref('int_tag_data_spanned') }}

),

policies as (

    select
        data_source,
        coalesce(expires_days, 1000000) as expires_days
    from tags
    where data_source is not null
    group by data_source, coalesce(expires_days, 1000000)

),

dated as (

    select *
    from {{ ref('int_monthly_tags_dated') }}
    union all
    select *
    from {{ ref('int_demographic_tags_dated') }}
    union all
    select *
    from {{ ref('int_private_domain_tags_dated') }}
    union all
    select
        user_key,
        'lifecycle_stage' as tag_code,
        lifecycle_stage as tag_value,
        valid_from_date,
        valid_to_date,
        valid_from_date as computed_date
    from {{ ref('int_lifecycle_stages_derived') }}

),

declared as (

    select
        dated.*,
        tags.data_source,
        coalesce(tags.expires_days, 1000000) as expires_days
    from dated
    inner join accounts
        on dated.user_key = accounts.user_key
    inner join tags
        on dated.tag_code = tags.tag_code

),

compared as (

    select
        spans.user_key,
        spans.data_source,
        spans.first_date,
        spans.last_date,
        policies.expires_days,
        lag(spans.last_date) over (
            partition by spans.user_key, spans.data_source, policies.expires_days
            order by spans.first_date
        ) as previous_date
    from spans
    inner join policies
        on spans.data_source = policies.data_source

),

numbered as (

    select
        *,
        -- In force to the end of the last day: data of the day after follows without a gap.
        sum(case
            when {{ days_between('previous_date', 'first_date') }} <= expires_days + 1 then 0
            else 1
        end) over (
            partition by user_key, data_source, expires_days
            order by first_date
            rows between unbounded preceding and current row
        ) as run_number
    from compared

),

-- A value without expiry, or one that has not expired yet, has no end.
backed as (

    select
        user_key,
        data_source,
        expires_days,
        min(first_date) as backed_from_date,
        case
            when {{ days_between('max(last_date)', as_of_date()) }} > expires_days
                then {{ add_days('max(last_date)', 'expires_days + 1') }}
            else cast('9999-12-31' as date)
        end as backed_to_date
    from numbered
    group by user_key, data_source, expires_days, run_number

),

clipped as (

    select
        declared.user_key,
        declared.tag_code,
        declared.tag_value,
        declared.data_source,
        greatest(declared.valid_from_date, backed.backed_from_date) as valid_from_date,
        least(declared.valid_to_date, backed.backed_to_date) as valid_to_date
    from declared
    inner join backed
        on
            declared.user_key = backed.user_key
            and declared.data_source = backed.data_source
            and declared.expires_days = backed.expires_days
            and declared.valid_from_date < backed.backed_to_date
            and declared.valid_to_date > backed.backed_from_date

)

select
    clipped.user_key,
    clipped.tag_code,
    clipped.tag_value,
    clipped.valid_from_date,
    clipped.valid_to_date,
    max(least(spans.last_date, {{ add_days('clipped.valid_to_date', -1) }})) as computed_date
from clipped
inner join spans
    on
        clipped.user_key = spans.user_key
        and clipped.data_source = spans.data_source
        and clipped.valid_to_date > spans.first_date
group by
    clipped.user_key,
    clipped.tag_code,
    clipped.tag_value,
    clipped.valid_from_date,
    clipped.valid_to_date
union all
select
    user_key,
    tag_code,
    tag_value,
    valid_from_date,
    valid_to_date,
    computed_date
from declared
where data_source is null
