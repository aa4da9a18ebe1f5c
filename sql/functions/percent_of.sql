-- A part in percent of a total; NULL when the total is 0.
create or replace macro percent_of(part, total) as
100 * part / nullif(total, 0);
