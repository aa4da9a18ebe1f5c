-- The inside of a Python string literal with its escapes as JSON spells them.
create or replace macro python_escapes_json(literal) as
replace(
    regexp_replace(replace(replace(literal, '\\', chr(57344)), '\''', ''''), '\\x([0-9a-f]{2})', '\\u00\1', 'g'),
    chr(57344), '\\'
);
