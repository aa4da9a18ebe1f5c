-- An amount rounded to so many decimal places. For sums and means of floating-point numbers, whose last digits depend on
-- the order in which threads add up.
create or replace macro rounded(amount, places) as
round(amount * power(10, places)) / power(10, places);
