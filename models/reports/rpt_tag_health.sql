-- Grain: one row per declared tag, as of the as-of date: how many users have it, how fresh and how
-- stable it is, against its policy. The users are those with an account.
with tags as (

    select *
    from {{ ref('tags') }}

),

user_tags as (

    select *
    from {{ ref('fct_user_tag') }}

),

accounts as (

    select count(*) as account_count
    from {{ ref('dim_user') }}
    where is_registered

),

-- The value of each user a month before.
earlier as (

    select
        user_key,
        tag_code,
        tag_value,
        {{ as_of_date() }} as as_of_date
    from user_tags
    where
        valid_from_date <= {{ add_months(as_of_date(), -1) }}
        and valid_to_date > {{ add_months(as_of_date(), -1) }}

),

counted as (

    select
        user_tags.tag_code,
        count(*) as user_count,
        max(user_tags.computed_date) as computed_date,
        sum(case
            when
                {{ days_between('user_tags.computed_date', as_of_date()) }} <= tags.refresh_days
                then 1
            else 0
        end) as fresh_count
    from user_tags
    inner join tags
        on user_tags.tag_code = tags.tag_code
    where user_tags.is_current
    group by user_tags.tag_code

),

compared as (

    select
        earlier.tag_code,
        count(*) as before_count,
        sum(case when user_tags.tag_value = earlier.tag_value then 0 else 1 end) as changed_count
    from earlier
    left join user_tags
        on
            earlier.user_key = user_tags.user_key
            and earlier.tag_code = user_tags.tag_code
            and earlier.as_of_date >= user_tags.valid_from_date
            and earlier.as_of_date < user_tags.valid_to_date
    group by earlier.tag_code

),

measured as (

    select
        tags.tag_code,
        tags.tag_class,
        tags.is_dynamic,
        tags.tag_name_en,
        tags.tag_name_zh,
        tags.owner_role,
        tags.null_policy,
        tags.kpi_id,
        tags.minimum_coverage,
        tags.refresh_days,
        counted.computed_date,
        coalesce(counted.user_count, 0) as user_count,
        coalesce(counted.fresh_count, 0) as fresh_count,
        coalesce(compared.before_count, 0) as before_count,
        coalesce(compared.changed_count, 0) as changed_count,
        {{ ratio('coalesce(counted.user_count, 0)', 'accounts.account_count') }}
            as coverage_ratio,
        {{ ratio('counted.fresh_count', 'counted.user_count') }} as fresh_ratio,
        {{ ratio('compared.changed_count', 'compared.before_count') }} as changed_ratio,
        {{ days_between('counted.computed_date', as_of_date()) }} as age_days
    from tags
    cross join accounts
    left join counted
        on tags.tag_code = counted.tag_code
    left join compared
        on tags.tag_code = compared.tag_code

)

select
    tag_code,
    tag_class,
    is_dynamic,
    tag_name_en,
    tag_name_zh,
    owner_role,
    null_policy,
    kpi_id,
    cast(user_count as bigint) as user_count,
    coverage_ratio,
    cast(minimum_coverage as decimal(24, 6)) as minimum_coverage_ratio,
    computed_date,
    cast(age_days as bigint) as age_days,
    cast(refresh_days as bigint) as refresh_days,
    cast(fresh_count as bigint) as fresh_count,
    fresh_ratio,
    cast(before_count as bigint) as before_count,
    cast(changed_count as bigint) as changed_count,
    changed_ratio,
    case
        when user_count = 0 then 'empty'
        when age_days > refresh_days then 'late'
        when coverage_ratio < minimum_coverage then 'low_coverage'
        else 'within'
    end as policy_state
from measured
