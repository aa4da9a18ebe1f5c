-- A time or score that was measured: 0 stands for "did not run" in the log, and is NULL here.
create or replace macro positive_or_null(amount) as
case when amount > 0 and amount < cast('infinity' as double) then amount end;
