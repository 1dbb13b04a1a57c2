-- Grain: one row per user with an account, tag and period (half open) in which a value held.
with periods as (

    select *
    from {{ ref('int_tags_in_force') }}

),

tags as (

    select *
    from {{ ref('tags') }}

)

select
    {{ surrogate_key(['periods.user_key', 'periods.tag_code', 'periods.valid_from_date']) }}
        as user_tag_key,
    periods.user_key,
    periods.tag_code,
    tags.tag_class,
    tags.is_dynamic,
    periods.tag_value,
    periods.valid_from_date,
    periods.valid_to_date,
    periods.valid_to_date = cast('9999-12-31' as date) as is_current,
    periods.computed_date
from periods
inner join tags
    on periods.tag_code = tags.tag_code
