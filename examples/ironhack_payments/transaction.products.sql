-- The one product of the lender.
select
    'cash_advance' as product_id,
    'Cash advance' as name,
    'consumer_credit' as product_line,
    false as is_bundle
