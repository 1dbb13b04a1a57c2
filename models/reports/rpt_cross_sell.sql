-- Grain: one row per year, product line held and other line offered: users of each month who held
-- one line and were offered the other, and how many ordered it within 90 days. Months that are
-- final only (see kpi_cross_sell_conversion); a user offered in two months counts in both.
with months as (

    select period_start_date
    from {{ ref('kpi_cross_sell_conversion') }}
    where cut_name = 'all' and is_mature

),

offers as (

    select *
    from {{ ref('int_cross_offers_followed') }}

),

summed as (

    select
        {{ period_start('year', 'offers.month_date') }} as year_date,
        offers.from_line,
        offers.to_line,
        count(*) as offered_count,
        sum(case when offers.is_converted then 1 else 0 end) as converted_count
    from offers
    inner join months
        on offers.month_date = months.period_start_date
    group by {{ period_start('year', 'offers.month_date') }}, offers.from_line, offers.to_line

),

-- Pairs that nobody was offered stand in the matrix too, with 0.
years as (

    select year_date
    from summed
    group by year_date

),

lines as (

    select from_line as product_line
    from summed
    union distinct
    select to_line as product_line
    from summed

),

pairs as (

    select
        years.year_date,
        held.product_line as from_line,
        offered.product_line as to_line
    from years
    cross join lines as held
    cross join lines as offered
    where held.product_line <> offered.product_line

)

select
    pairs.year_date,
    pairs.from_line,
    pairs.to_line,
    cast(coalesce(summed.offered_count, 0) as bigint) as offered_count,
    cast(coalesce(summed.converted_count, 0) as bigint) as converted_count,
    {{ ratio('summed.converted_count', 'summed.offered_count') }} as conversion_ratio
from pairs
left join summed
    on
        pairs.year_date = summed.year_date
        and pairs.from_line = summed.from_line
        and pairs.to_line = summed.to_line
