-- The lower end of the 95% interval of a quantile; NULL where there are too few observations.
-- largest: the sorted list of all the observations, or of as many of the largest as reach below the interval.
-- An order statistic at the rank that the binomial distribution gives (Conover 1999, section 3.2).
create or replace macro quantile_low(largest, observations, share) as
case
    when binomial_quantile(observations, share, 0.975, 1.96) < observations
        then largest[
            nullif(binomial_quantile(observations, share, 0.025, -1.96), 0) - (observations - len(largest))
        ]
end;
