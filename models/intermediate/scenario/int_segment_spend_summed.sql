-- Grain: one row per business day and segment of the product that was advertised (silver, green or
-- none; none too where the campaign names no product), with the spend.
with spend as (

    select *
    from {{ ref('stg_channel__ad_spend_daily') }}

),

campaigns as (

    select *
    from {{ ref('stg_channel__campaigns') }}

),

products as (

    select *
    from {{ ref('stg_transaction__products') }}

)

select
    spend.spend_date,
    coalesce(products.segment, 'none') as product_segment,
    cast(sum(spend.cost_amount) as decimal(18, 2)) as cost_amount
from spend
left join campaigns
    on spend.campaign_id = campaigns.campaign_id
left join products
    on campaigns.product_id = products.product_id
group by spend.spend_date, coalesce(products.segment, 'none')
