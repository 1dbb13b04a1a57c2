{#-
    Days (whole number) in which a user of a product line is expected to come back; a line that the
    variable product_line_rhythm_days does not name has the rhythm of `other`.
-#}
{% macro rhythm_days(product_line) -%}
    case {{ product_line }}
        {%- for name, days in var('product_line_rhythm_days').items() if name != 'other' %}
        when '{{ name }}' then {{ days | int }}
        {%- endfor %}
        else {{ var('product_line_rhythm_days')['other'] | int }}
    end
{%- endmacro %}
