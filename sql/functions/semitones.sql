-- A pitch setting such as '+1st' in semitones; NULL when it is not in semitones.
create or replace macro semitones(setting) as
try_cast(regexp_extract(setting, '^[\t\n\f\r ]*([+-]?[0-9]+(\.[0-9]+)?)[\t\n\f\r ]*st\z', 1) as double);
