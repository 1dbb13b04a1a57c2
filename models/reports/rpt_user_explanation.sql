-- Grain: one row per registered user who is not deleted, subject and line: what was said about the
-- user, why, and from which raw tables; in English and Chinese.
with segments as (

    select *
    from {{ ref('int_segments_explained') }}

),

user_values as (

    select *
    from {{ ref('int_values_explained') }}

),

offers as (

    select *
    from {{ ref('int_offers_explained') }}

),

wordings as (

    select *
    from {{ ref('explanation_terms') }}

),

-- What a code is called, each kind in the seed that owns it.
names as (

    select
        value_kind,
        value_code,
        0 as value_order,
        text_en,
        text_zh
    from {{ ref('explanation_values') }}
    union all
    select
        'tier_rule' as value_kind,
        rule_code as value_code,
        0 as value_order,
        reason_en as text_en,
        reason_zh as text_zh
    from {{ ref('tier_rules') }}
    union all
    select
        'rfm_segment' as value_kind,
        segment_code as value_code,
        0 as value_order,
        segment_name_en as text_en,
        segment_name_zh as text_zh
    from {{ ref('rfm_segments') }}
    union all
    select
        'scenario' as value_kind,
        scenario_code as value_code,
        0 as value_order,
        scenario_name_en as text_en,
        scenario_name_zh as text_zh
    from {{ ref('scenarios') }}
    union all
    select
        'withhold_reason' as value_kind,
        reason_code as value_code,
        reason_order as value_order,
        reason_en as text_en,
        reason_zh as text_zh
    from {{ ref('withhold_reasons') }}

),

terms as (

    select
        user_key,
        subject,
        term_code,
        value_text,
        contribution
    from segments
    union all
    select
        user_key,
        subject,
        term_code,
        value_text,
        contribution
    from user_values
    union all
    select
        user_key,
        subject,
        term_code,
        value_text,
        contribution
    from offers

),

worded as (

    select
        terms.user_key,
        terms.subject,
        terms.term_code,
        terms.value_text,
        terms.contribution,
        wordings.term_order,
        names.value_order,
        wordings.data_used,
        replace(
            wordings.text_en, '{value}', coalesce(names.text_en, terms.value_text, '-')
        ) as text_en,
        replace(
            wordings.text_zh, '{value}', coalesce(names.text_zh, terms.value_text, '-')
        ) as text_zh
    from terms
    left join wordings
        on
            terms.subject = wordings.subject
            and terms.term_code = wordings.term_code
    left join names
        on
            wordings.value_kind = names.value_kind
            and terms.value_text = names.value_code

)

select
    user_key,
    subject,
    cast(
        row_number() over (
            partition by user_key, subject
            order by
                term_order asc nulls last,
                abs(contribution) desc nulls last,
                term_code asc,
                value_order asc nulls last,
                value_text asc nulls last
        ) as bigint
    ) as line_number,
    term_code,
    value_text,
    contribution,
    text_en,
    text_zh,
    data_used
from worded
