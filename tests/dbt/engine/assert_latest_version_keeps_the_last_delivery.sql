-- Rows that latest_version keeps though a later one stands, or leaves out though none does.
with texts (key_one, key_two, sequence_text, line_text, latest_text) as (

    values
    -- A later file wins, whatever its line.
    ('a', 'x', '1', '900', 'false'),
    ('a', 'x', '2', '7', 'true'),
    -- In one file the later line wins; as a number, not as a text.
    ('b', 'x', '1', '9', 'false'),
    ('b', 'x', '1', '10', 'true'),
    ('b', 'x', '1', '2', 'false'),
    -- As numbers, too.
    ('c', 'x', '9', '1', 'false'),
    ('c', 'x', '10', '1', 'true'),
    -- The whole key counts.
    ('c', 'y', '1', '1', 'true'),
    -- Nulls are one key, an empty text is another.
    (null, 'x', '1', '1', 'false'),
    (null, 'x', '2', '1', 'true'),
    ('', 'x', '1', '3', 'true')

),

delivered as (

    select
        key_one,
        key_two,
        cast(sequence_text as bigint) as _load_sequence,
        cast(line_text as bigint) as _source_line,
        cast(null as boolean) as _is_deleted,
        cast(latest_text as boolean) as is_latest
    from texts

),

kept as (

    select *
    from {{ latest_version('delivered', ['key_one', 'key_two']) }} as ver

),

both_sides as (

    select
        key_one,
        key_two,
        _load_sequence,
        _source_line,
        1 as times_expected,
        0 as times_kept
    from delivered
    where is_latest
    union all
    select
        key_one,
        key_two,
        _load_sequence,
        _source_line,
        0 as times_expected,
        1 as times_kept
    from kept

)

select
    key_one,
    key_two,
    _load_sequence,
    _source_line,
    sum(times_expected) as times_expected,
    sum(times_kept) as times_kept
from both_sides
group by key_one, key_two, _load_sequence, _source_line
having sum(times_expected) <> 1 or sum(times_kept) <> 1
