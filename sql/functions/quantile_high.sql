-- The upper end of the 95% interval of a quantile, from the sorted list of observations; NULL where there are too few.
-- An order statistic at the rank that the binomial distribution gives (Conover 1999, section 3.2).
create or replace macro quantile_high(sorted, share) as
case
    when binomial_quantile(len(sorted), share, 0.025, -1.96) > 0
        then sorted[binomial_quantile(len(sorted), share, 0.975, 1.96) + 1]
end;
