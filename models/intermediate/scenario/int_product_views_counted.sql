-- Grain: one row per business day and product line with product-page views: all, and those that
-- carried a scenario.
with events as (

    select *
    from {{ ref('stg_channel__app_events') }}
    where event_name = 'product_view'

),

products as (

    select *
    from {{ ref('stg_transaction__products') }}

)

select
    events.event_date,
    coalesce(products.product_line, 'unknown') as product_line,
    count(*) as view_count,
    cast(sum(case when events.scenario_code is not null then 1 else 0 end) as bigint)
        as scenario_view_count
from events
left join products
    on events.product_id = products.product_id
group by events.event_date, coalesce(products.product_line, 'unknown')
