-- An instant in the years 1 to 9999, which every client can represent and add hours to; else NULL.
create or replace macro representable(instant) as
case when instant between timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59.999999' then instant end;
