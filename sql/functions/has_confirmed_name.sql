-- Whether a text has the mark with which the tutor confirms a caller's name, and a name in it.
create or replace macro has_confirmed_name(content) as
contains(content, 'NAME_CONFIRMED')
and regexp_matches(content, '\[NAME_CONFIRMED:[\t\n\f\r ]*[^\t\n\f\r \[\]]');
