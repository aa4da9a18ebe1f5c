-- A time or score that was measured: the log writes 0 when a stage did not run, which is NULL here.
create or replace macro positive_or_null(amount) as
case when amount > 0 and amount < cast('infinity' as double) then amount end;
