{#-
    Refuses variables that are not what they should be before any of them reaches SQL.
    Runs on start; a hostile or mistyped value stops the run with the value expected.
-#}
{% macro check_variables() -%}
    {%- set patterns = {
        'as_of_date': '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
        'business_timezone': '^[A-Za-z]+(/[A-Za-z_+-]+){0,2}$',
        'reporting_currency': '^[A-Z]{3}$',
        'session_timeout_minutes': '^[0-9]{1,4}$',
        'attribution_click_days': '^[0-9]{1,3}$',
        'attribution_view_days': '^[0-9]{1,3}$',
        'spend_check_tolerance_percent': '^[0-9]{1,3}$',
        'spend_check_minimum_count': '^[0-9]{1,6}$',
        'kpi_base_year': '^[0-9]{4}$',
        'credit_loss_days_past_due': '^[0-9]{1,4}$',
        'ltv_holdout_weeks': '^(13|26|39|52)$',
        'churn_warning_percent': '^[1-9][0-9]?$',
        'ltv_yearly_discount_percent': '^[0-9]{1,2}$',
    } -%}
    {%- if execute -%}
        {%- for name, pattern in patterns.items() -%}
            {%- set value = as_of_text() if name == 'as_of_date' else var(name) -%}
            {%- if not modules.re.match(pattern, value | string) -%}
                {{ exceptions.raise_compiler_error(
                    "variable " ~ name ~ " must match " ~ pattern
                ) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
