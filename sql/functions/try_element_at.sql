-- The item of a list at a place, counted from 1; NULL beyond its end.
create or replace macro try_element_at(items, place) as
list_extract(items, place);
