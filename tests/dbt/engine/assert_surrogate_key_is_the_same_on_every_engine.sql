-- Cases in which surrogate_key gives another key than the MD5 of the text above each of them.
with texts (
    text_value, whole_text, decimal_text, day_text, boolean_text, moment_text, expected
) as (

    values
    -- a|1|1.50|2025-01-31|true|2025-01-31 08:00:00
    (
        'a',
        '1',
        '1.5',
        '2025-01-31',
        'true',
        '2025-01-31 08:00:00',
        'c992ca2f52f7f851217b93ee913561d4'
    ),
    -- a|-1|-1.50|2024-02-29|false|2025-01-31 08:00:00.25
    (
        'a',
        '-1',
        '-1.5',
        '2024-02-29',
        'false',
        '2025-01-31 08:00:00.25',
        '09de50d9312945622c8cfeeacd7df08f'
    ),
    -- a|0|0.00|1969-12-31|true|2025-01-31 00:00:00.000001
    (
        'a',
        '0',
        '0',
        '1969-12-31',
        'true',
        '2025-01-31 00:00:00.000001',
        'd9b431b2fb30527455a91077b149145c'
    ),
    -- |9223372036854775807|100000.01|0999-01-01|false|1969-12-31 23:59:59.123456
    (
        '',
        '9223372036854775807',
        '100000.01',
        '0999-01-01',
        'false',
        '1969-12-31 23:59:59.123456',
        '429cbdf546121885fe4aeb09ae6f2c76'
    ),
    -- <null>|10|0.01|2025-12-31|true|2025-01-31 00:00:00
    (
        null,
        '10',
        '0.01',
        '2025-12-31',
        'true',
        '2025-01-31 00:00:00',
        '82880e502b4d18b34e290a4ea3d5c4c2'
    ),
    -- 用户 A|<null>|<null>|<null>|<null>|<null>
    (
        '用户 A',
        null,
        null,
        null,
        null,
        null,
        'deef120416e5ea502f78b11e45afae01'
    ),
    -- <null>|<null>|<null>|<null>|<null>|<null>
    (
        null,
        null,
        null,
        null,
        null,
        null,
        'eafd5fe100c08ad2b09eed4f7570b80f'
    )

),

cases as (

    select
        text_value,
        cast(whole_text as bigint) as whole_value,
        cast(decimal_text as decimal(10, 2)) as decimal_value,
        cast(day_text as date) as day_value,
        cast(boolean_text as boolean) as boolean_value,
        cast(moment_text as timestamp) as moment_value,
        expected
    from texts

),

computed as (

    select
        *,
        {{
            surrogate_key([
                'text_value', 'whole_value', 'decimal_value', 'day_value', 'boolean_value',
                'moment_value',
            ])
        }} as actual
    from cases

),

short_texts (key_text, expected) as (

    values
    ('a', '0cc175b9c0f1b6a831c399e269772661'),
    ('', 'd41d8cd98f00b204e9800998ecf8427e'),
    (null, '7df1074bd6f415369eb335bff3ad1781')

),

short_cases as (

    select
        key_text,
        expected
    from short_texts

),

short_computed as (

    select
        *,
        {{ surrogate_key(['key_text']) }} as actual
    from short_cases

)

select
    expected,
    actual
from computed
where actual is distinct from expected
union all
select
    expected,
    actual
from short_computed
where actual is distinct from expected
