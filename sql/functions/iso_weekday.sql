-- The number of a day in its ISO week: 1 is Monday, 7 is Sunday. Counted from 1 January of year 1, which was a Monday.
create or replace macro iso_weekday(day) as
1 + date_diff('day', date '0001-01-01', cast(day as date)) % 7;
