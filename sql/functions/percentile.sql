-- The value at a share of the sorted amounts, interpolated between neighbours; an aggregate. NULLs do not count.
-- A list of shares gives a list, and sorts once.
create or replace macro percentile(amount, share) as
quantile_cont(amount, share);
