-- Grain: one row per user with an account, kind of tags (demographic; other; fresh_dynamic: with
-- behavioural data of the last days behind it) and period (half open) with at least one of them.
with user_tags as (

    select *
    from {{ ref('int_tags_in_force') }}

),

tags as (

    select *
    from {{ ref('tags') }}

),

spans as (

    select *
    from {{ ref('int_tag_data_spanned') }}

),

kinds as (

    select
        user_tags.user_key,
        case when tags.tag_class = 'demographic' then 'demographic' else 'other' end as tag_kind,
        user_tags.valid_from_date,
        user_tags.valid_to_date
    from user_tags
    inner join tags
        on user_tags.tag_code = tags.tag_code
    union all
    select
        user_tags.user_key,
        'fresh_dynamic' as tag_kind,
        greatest(user_tags.valid_from_date, spans.first_date) as valid_from_date,
        least(
            user_tags.valid_to_date,
            case
                when spans.stale_date > {{ as_of_date() }} then cast('9999-12-31' as date)
                else spans.stale_date
            end
        ) as valid_to_date
    from user_tags
    inner join tags
        on user_tags.tag_code = tags.tag_code
    inner join spans
        on
            tags.data_source = spans.data_source
            and user_tags.user_key = spans.user_key
            and user_tags.valid_from_date < spans.stale_date
            and user_tags.valid_to_date > spans.first_date
    where tags.is_dynamic

),

-- One row per beginning: two windows may put equal rows in another order.
begun as (

    select
        user_key,
        tag_kind,
        valid_from_date,
        max(valid_to_date) as valid_to_date
    from kinds
    group by user_key, tag_kind, valid_from_date

),

reached as (

    select
        *,
        max(valid_to_date) over (
            partition by user_key, tag_kind
            order by valid_from_date
            rows between unbounded preceding and 1 preceding
        ) as reached_date
    from begun

),

numbered as (

    select
        *,
        sum(case when valid_from_date <= reached_date then 0 else 1 end) over (
            partition by user_key, tag_kind
            order by valid_from_date
            rows between unbounded preceding and current row
        ) as run_number
    from reached

)

select
    user_key,
    tag_kind,
    min(valid_from_date) as valid_from_date,
    max(valid_to_date) as valid_to_date
from numbered
group by user_key, tag_kind, run_number
