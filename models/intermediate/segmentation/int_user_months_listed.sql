-- Grain: one row per user with an account and calendar month from the first that the user is known
-- in (registration or first order) to the as-of date, with the lifecycle stage at the month's end.
with accounts as (

    select *
    from {{ ref('int_users_surviving') }}

),

-- A birth date counts from the day it was told: a month must not know what was said later.
births as (

    select
        user_key,
        cast(attribute_value as date) as birth_date,
        coalesce({{ business_day('observed_at') }}, cast('1900-01-01' as date)) as told_date,
        coalesce({{ business_day('valid_to_at') }}, cast('9999-12-31' as date)) as ended_date
    from {{ ref('int_attributes_survived') }}
    where attribute_name = 'birth_date'

),

registered as (

    select *
    from {{ ref('int_users_registered') }}

),

orders as (

    select
        user_key,
        min(order_date) as first_order_date
    from {{ ref('int_orders_valued') }}
    group by user_key

),

stages as (

    select *
    from {{ ref('int_lifecycle_stages_derived') }}

),

users as (

    select
        accounts.user_key,
        {{ period_start(
            'month',
            'least('
            ~ 'coalesce(registered.registration_date, orders.first_order_date), '
            ~ 'coalesce(orders.first_order_date, registered.registration_date))'
        ) }} as first_month_date
    from accounts
    left join registered
        on accounts.user_key = registered.user_key
    left join orders
        on accounts.user_key = orders.user_key

),

days as (

    {{ date_series('(select min(first_month_date) from users)', as_of_date()) }}

),

months as (

    select
        date_day as month_date,
        least({{ add_days(add_months('date_day', 1), -1) }}, {{ as_of_date() }}) as month_end_date,
        {{ add_months('date_day', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_complete
    from days
    where day(date_day) = 1

)

select
    users.user_key,
    months.month_date,
    months.month_end_date,
    months.is_complete,
    births.birth_date,
    cast(
        floor(
            (
                {{ months_between('births.birth_date', 'months.month_end_date') }}
                - case
                    when
                        {{ add_months(
                            'births.birth_date',
                            months_between('births.birth_date', 'months.month_end_date')
                        ) }} > months.month_end_date
                        then 1
                    else 0
                end
            ) / 12
        ) as bigint
    ) as age_years,
    stages.lifecycle_stage,
    stages.valid_from_date as stage_since_date
from users
inner join months
    on users.first_month_date <= months.month_date
left join births
    on
        users.user_key = births.user_key
        and months.month_end_date >= births.told_date
        and months.month_end_date < births.ended_date
left join stages
    on
        users.user_key = stages.user_key
        and months.month_end_date >= stages.valid_from_date
        and months.month_end_date < stages.valid_to_date
