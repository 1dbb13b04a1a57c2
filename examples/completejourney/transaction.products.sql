-- One product for every basket: the lines' articles are no finance products.
select
    'retail_basket' as product_id,
    'Retail basket' as name,
    'other' as product_line,
    false as is_bundle
