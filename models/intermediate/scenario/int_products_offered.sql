-- Grain: one row per user, product line and business day on which a product of the line was
-- offered: a recommendation shown, an impression or a marketing message of a campaign for the
-- product. A product page that the user opened is no offer.
with recommendations as (

    select *
    from {{ ref('stg_crm__recommendations') }}
    where is_shown

),

touches as (

    select *
    from {{ ref('int_touches_resolved') }}
    where
        user_key is not null
        and (touch_kind = 'impression' or (touch_kind = 'message' and is_marketing_message))

),

campaigns as (

    select *
    from {{ ref('stg_channel__campaigns') }}
    where product_id is not null

),

products as (

    select *
    from {{ ref('stg_transaction__products') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

offers as (

    select
        identifiers.user_key,
        recommendations.product_id,
        recommendations.decided_date as offered_date,
        recommendations.decided_at as offered_at
    from recommendations
    inner join identifiers
        on recommendations.customer_id = identifiers.identifier_value
    union all
    select
        touches.user_key,
        campaigns.product_id,
        touches.touch_date as offered_date,
        touches.touched_at as offered_at
    from touches
    inner join campaigns
        on touches.campaign_id = campaigns.campaign_id

)

select
    offers.user_key,
    products.product_line,
    offers.offered_date,
    min(offers.offered_at) as first_offered_at,
    count(*) as offer_count
from offers
inner join products
    on offers.product_id = products.product_id
group by offers.user_key, products.product_line, offers.offered_date
