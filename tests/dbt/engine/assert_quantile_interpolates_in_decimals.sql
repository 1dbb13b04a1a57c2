-- Groups for which quantile gives another value than the exact one, rounded half away from zero.
with sample_texts (sample_name, value_text) as (

    values
    ('one', '5'),
    ('two', '2'),
    ('two', '1'),
    ('ten', '10'),
    ('ten', '9'),
    ('ten', '1'),
    ('ten', '3'),
    ('ten', '2'),
    ('ten', '8'),
    ('ten', '4'),
    ('ten', '5'),
    ('ten', '7'),
    ('ten', '6'),
    ('repeated', '1'),
    ('repeated', '100'),
    ('repeated', '1'),
    ('repeated', '1'),
    ('with_nulls', null),
    ('with_nulls', '20'),
    ('with_nulls', null),
    ('with_nulls', '10'),
    ('only_nulls', null),
    ('only_nulls', null),
    ('negative', '-3'),
    ('negative', '4'),
    ('negative', '-20'),
    -- Their median lies exactly between two values of the last digit.
    ('half_odd', '0.000001'),
    ('half_odd', '0.000002'),
    ('half_even', '0.000002'),
    ('half_even', '0.000003'),
    ('half_negative', '-0.000002'),
    ('half_negative', '-0.000003'),
    ('amounts', '19.99'),
    ('amounts', '0.1'),
    ('amounts', '100'),
    ('amounts', '33.333333'),
    -- A double has no room for them.
    ('large', '100000000000000000.000001'),
    ('large', '100000000000000000.000002'),
    ('large', '100000000000000000.000005')

),

samples as (

    select
        sample_name,
        cast(value_text as decimal(24, 6)) as sample_value
    from sample_texts

),

expected_texts (sample_name, first_text, median_text, ninth_text, last_text) as (

    values
    ('one', '5', '5', '5', '5'),
    ('two', '1', '1.5', '1.9', '2'),
    ('ten', '1', '5.5', '9.1', '10'),
    ('repeated', '1', '1', '70.3', '100'),
    ('with_nulls', '10', '15', '19', '20'),
    ('only_nulls', null, null, null, null),
    ('negative', '-20', '-3', '2.6', '4'),
    ('half_odd', '0.000001', '0.000002', '0.000002', '0.000002'),
    ('half_even', '0.000002', '0.000003', '0.000003', '0.000003'),
    ('half_negative', '-0.000003', '-0.000003', '-0.000002', '-0.000002'),
    ('amounts', '0.1', '26.661667', '80', '100'),
    (
        'large',
        '100000000000000000.000001',
        '100000000000000000.000002',
        '100000000000000000.000004',
        '100000000000000000.000005'
    )

),

expected as (

    select
        sample_name,
        cast(first_text as decimal(24, 6)) as expected_0,
        cast(median_text as decimal(24, 6)) as expected_50,
        cast(ninth_text as decimal(24, 6)) as expected_90,
        cast(last_text as decimal(24, 6)) as expected_100
    from expected_texts

),

computed as (

    select
        sample_name,
        {{ quantile('sample_value', 0) }} as actual_0,
        {{ quantile('sample_value', 0.5) }} as actual_50,
        {{ quantile('sample_value', 0.9) }} as actual_90,
        {{ quantile('sample_value', 1) }} as actual_100
    from samples
    group by sample_name

),

of_nothing as (

    select
        count(*) as row_count,
        {{ quantile('sample_value', 0.9) }} as actual_90
    from samples
    where sample_name = 'no such sample'

)

select
    expected.*,
    computed.actual_0,
    computed.actual_50,
    computed.actual_90,
    computed.actual_100
from expected
left join computed
    on expected.sample_name = computed.sample_name
where
    computed.sample_name is null
    or computed.actual_0 is distinct from expected.expected_0
    or computed.actual_50 is distinct from expected.expected_50
    or computed.actual_90 is distinct from expected.expected_90
    or computed.actual_100 is distinct from expected.expected_100
union all
select
    'nothing' as sample_name,
    cast(null as decimal(24, 6)) as expected_0,
    cast(null as decimal(24, 6)) as expected_50,
    cast(null as decimal(24, 6)) as expected_90,
    cast(null as decimal(24, 6)) as expected_100,
    cast(null as decimal(24, 6)) as actual_0,
    cast(null as decimal(24, 6)) as actual_50,
    actual_90,
    cast(null as decimal(24, 6)) as actual_100
from of_nothing
where row_count <> 0 or actual_90 is not null
