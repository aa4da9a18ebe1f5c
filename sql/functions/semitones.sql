-- A pitch setting such as '+1st' in semitones; NULL when it is none.
create or replace macro semitones(setting) as
try_cast(regexp_extract(setting, '^\s*([+-]?\d+(\.\d+)?)\s*st$', 1) as double);
