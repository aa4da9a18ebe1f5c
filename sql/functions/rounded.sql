-- An amount rounded to so many decimal places; huge ones have none. For sums and means of floating-point numbers, whose
-- last digits depend on the order in which threads add up.
create or replace macro rounded(amount, places) as
case
    when abs(amount) < 1e15 then round(amount * power(10, places)) / power(10, places)
    else amount
end;
