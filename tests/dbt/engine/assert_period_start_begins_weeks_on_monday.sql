-- Cases in which period_start gives another first day; 2025-06-30 is a Monday.
with texts (day_text, week_text, month_text, quarter_text, year_text) as (

    values
    ('2025-06-30', '2025-06-30', '2025-06-01', '2025-04-01', '2025-01-01'),
    ('2025-06-29', '2025-06-23', '2025-06-01', '2025-04-01', '2025-01-01'),
    ('2025-07-01', '2025-06-30', '2025-07-01', '2025-07-01', '2025-01-01'),
    ('2025-01-01', '2024-12-30', '2025-01-01', '2025-01-01', '2025-01-01'),
    ('2024-12-31', '2024-12-30', '2024-12-01', '2024-10-01', '2024-01-01'),
    ('2023-01-01', '2022-12-26', '2023-01-01', '2023-01-01', '2023-01-01'),
    ('2024-02-29', '2024-02-26', '2024-02-01', '2024-01-01', '2024-01-01'),
    ('2025-03-31', '2025-03-31', '2025-03-01', '2025-01-01', '2025-01-01'),
    ('2025-10-05', '2025-09-29', '2025-10-01', '2025-10-01', '2025-01-01'),
    ('1969-12-31', '1969-12-29', '1969-12-01', '1969-10-01', '1969-01-01'),
    (null, null, null, null, null)

),

cases as (

    select
        cast(day_text as date) as any_day,
        cast(week_text as date) as expected_week,
        cast(month_text as date) as expected_month,
        cast(quarter_text as date) as expected_quarter,
        cast(year_text as date) as expected_year
    from texts

),

computed as (

    select
        *,
        {{ period_start('day', 'any_day') }} as actual_day,
        {{ period_start('week', 'any_day') }} as actual_week,
        {{ period_start('month', 'any_day') }} as actual_month,
        {{ period_start('quarter', 'any_day') }} as actual_quarter,
        {{ period_start('year', 'any_day') }} as actual_year
    from cases

)

select *
from computed
where
    actual_day is distinct from any_day
    or actual_week is distinct from expected_week
    or actual_month is distinct from expected_month
    or actual_quarter is distinct from expected_quarter
    or actual_year is distinct from expected_year
