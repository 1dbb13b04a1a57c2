-- Grain: one row per user and month in which a wealth product was shown or sent to the user: a
-- recommendation shown, an impression or a message of a campaign for such a product.
with recommendations as (

    select *
    from {{ ref('stg_crm__recommendations') }}
    where is_shown

),

touches as (

    select *
    from {{ ref('int_touches_resolved') }}
    where touch_kind in ('impression', 'message') and user_key is not null

),

campaigns as (

    select *
    from {{ ref('stg_channel__campaigns') }}

),

products as (

    select *
    from {{ ref('stg_transaction__products') }}
    where product_line = 'wealth'

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

offers as (

    select
        identifiers.user_key,
        recommendations.decided_date as offer_date
    from recommendations
    inner join products
        on recommendations.product_id = products.product_id
    inner join identifiers
        on recommendations.customer_id = identifiers.identifier_value
    union all
    select
        touches.user_key,
        touches.touch_date as offer_date
    from touches
    inner join campaigns
        on touches.campaign_id = campaigns.campaign_id
    inner join products
        on campaigns.product_id = products.product_id

)

select
    user_key,
    {{ period_start('month', 'offer_date') }} as month_date,
    count(*) as offer_count
from offers
group by user_key, {{ period_start('month', 'offer_date') }}
