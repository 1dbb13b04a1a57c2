{#-
    Comparison level (bigint) of a pair, from the columns `<name>_l` and `<name>_r`; -1 where
    nothing can be said. `comparison` is an item of the variable match_comparisons, which the fit
    reads too: one definition for both.
-#}
{% macro match_level(comparison) -%}
    cast(
        case
            {%- if comparison.get('unknown') %}
            when {{ comparison['unknown'] }} then -1
            {%- endif %}
            {%- for level in comparison['levels'] %}
            when {{ level['condition'] }} then {{ level['level'] }}
            {%- endfor %}
            else 0
        end as bigint
    )
{%- endmacro %}
