-- Days that date_series leaves out, gives too much or gives twice.
{%- set series = {
    'leap_february': ("'2024-02-27'", "'2024-03-01'"),
    'plain_february': ("'2025-02-27'", "'2025-03-01'"),
    'year_end': ("'2024-12-31'", "'2025-01-01'"),
    'one_day': ("'2025-06-30'", "'2025-06-30'"),
    'last_before_first': ("'2025-01-02'", "'2025-01-01'"),
    'no_first': ('null', "'2025-01-01'"),
    'no_last': ("'2025-01-01'", 'null'),
    'whole_year': ("'2024-01-01'", "'2024-12-31'"),
} %}

with expected_texts (series_name, day_text) as (

    values
    ('leap_february', '2024-02-27'),
    ('leap_february', '2024-02-28'),
    ('leap_february', '2024-02-29'),
    ('leap_february', '2024-03-01'),
    ('plain_february', '2025-02-27'),
    ('plain_february', '2025-02-28'),
    ('plain_february', '2025-03-01'),
    ('year_end', '2024-12-31'),
    ('year_end', '2025-01-01'),
    ('one_day', '2025-06-30')

),

expected as (

    select
        series_name,
        cast(day_text as date) as date_day
    from expected_texts

),

{% for series_name, (first_day, last_day) in series.items() %}
{{ series_name }} as (

    {{ date_series('cast(' ~ first_day ~ ' as date)', 'cast(' ~ last_day ~ ' as date)') }}

),

{% endfor %}
actual as (

    {% for series_name in series %}
    select
        '{{ series_name }}' as series_name,
        date_day
    from {{ series_name }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

counted as (

    select
        series_name,
        date_day,
        sum(times_expected) as times_expected,
        sum(times_given) as times_given
    from (
        select
            series_name,
            date_day,
            1 as times_expected,
            0 as times_given
        from expected
        union all
        select
            series_name,
            date_day,
            0 as times_expected,
            1 as times_given
        from actual
        where series_name <> 'whole_year'
    ) as both_sides
    group by series_name, date_day

)

select
    series_name,
    date_day,
    times_expected,
    times_given
from counted
where times_expected <> times_given
union all
select
    'whole_year' as series_name,
    min(date_day) as date_day,
    366 as times_expected,
    count(distinct date_day) as times_given
from whole_year
having count(*) <> 366 or count(distinct date_day) <> 366
