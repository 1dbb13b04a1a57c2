{#- A key (32 hex characters) from columns; a null and an empty text give different keys. -#}
{% macro surrogate_key(columns) -%}
    md5(concat_ws(
        '|'
        {%- for column in columns %},
        coalesce(cast({{ column }} as string), '<null>')
        {%- endfor %}
    ))
{%- endmacro %}
