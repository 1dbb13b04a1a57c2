-- Moments that spaced_moments keeps or drops against the distance wanted.
with moment_texts (sample_name, moment_text) as (

    values
    ('one', '2024-01-01 00:00:00'),
    ('twice', '2024-01-01 00:00:00'),
    ('twice', '2024-01-01 00:00:00'),
    -- The distance is from the one kept before, not from the one seen before.
    ('chain', '2024-02-29 12:00:00'),
    ('chain', '2024-02-28 12:00:00'),
    ('chain', '2024-03-01 12:00:00'),
    ('chain', '2024-03-01 11:59:59'),
    ('chain', '2024-03-02 00:00:00'),
    ('chain', '2024-03-03 12:00:00')

),

moments as (

    select
        sample_name,
        cast(moment_text as timestamp) as moment_at,
        2 as spacing_days
    from moment_texts

),

actual as (

    {{ spaced_moments('moments', ['sample_name'], 'moment_at', 'spacing_days') }}  -- noqa: PRS

),

expected_texts (sample_name, moment_text) as (

    values
    ('one', '2024-01-01 00:00:00'),
    ('twice', '2024-01-01 00:00:00'),
    ('chain', '2024-02-28 12:00:00'),
    ('chain', '2024-03-01 12:00:00'),
    ('chain', '2024-03-03 12:00:00')

),

unioned as (

    select
        sample_name,
        cast(moment_text as timestamp) as moment_at,
        1 as expected,
        0 as kept
    from expected_texts
    union all
    select
        sample_name,
        moment_at,
        0 as expected,
        1 as kept
    from actual

)

select
    sample_name,
    moment_at
from unioned
group by sample_name, moment_at
having sum(expected) <> 1 or sum(kept) <> 1
