{#-
    A key (32 hex characters) from columns; a null and an empty text give different keys. Not for
    floating-point columns: each engine writes them as another text.
-#}
{% macro surrogate_key(columns) -%}
    md5(concat_ws(
        '|'
        {%- for column in columns %},
        coalesce(cast({{ column }} as string), '<null>')
        {%- endfor %}
    ))
{%- endmacro %}
