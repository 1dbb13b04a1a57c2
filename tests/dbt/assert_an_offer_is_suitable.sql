-- Offers that must not be made: to a deleted account, without a consent, above the risk that the
-- user can bear (or above the lowest where nothing is known of it). A second look at the withheld
-- reasons, from other tables than they come from.
with offers as (

    select *
    from {{ ref('fct_next_best_scenario') }}
    where is_offered

),

users as (

    select *
    from {{ ref('dim_user') }}

),

products as (

    select *
    from {{ ref('stg_transaction__products') }}

)

select
    offers.user_key,
    offers.scenario_code,
    offers.product_id
from offers
inner join users
    on offers.user_key = users.user_key
left join products
    on offers.product_id = products.product_id
where
    users.is_deleted
    or not users.has_marketing_consent
    or products.product_id is null
    or coalesce(cast(substr(products.risk_level, 2, 1) as bigint), 5)
    > coalesce(users.risk_tolerance_level, 1)
