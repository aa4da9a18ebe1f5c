-- The ranks of the order statistics that bound the 95% interval of a quantile (Conover 1999, section 3.2).
-- Grain: one number of observations, for which an interval exists. The interval is from the observation of low_rank to
-- that of high_rank, counted from 1 for the smallest; the binomial distribution gives the ranks, exactly.
-- Parameters: sizes, a list of numbers of observations; share, of the quantile.
create or replace macro internal.order_statistic_ranks(sizes, share) as table
with

given_sizes as (
    select unnest(sizes) as trials
),

deviations as (
    select distinct
        trials,
        sqrt(trials * share * (1 - share)) as deviation
    from given_sizes
    where trials > 0
),

-- Beyond ten standard deviations nothing counts.
counts as (
    select
        trials,
        unnest(range(
            greatest(cast(floor(trials * share - 10 * deviation) as bigint) - 10, 0),
            least(cast(floor(trials * share + 10 * deviation) as bigint) + 10, trials) + 1
        )) as successes
    from deviations
),

cumulative as (
    select
        trials,
        successes,
        sum(binomial_probability(successes, trials, share)) over (
            partition by trials order by successes rows between unbounded preceding and current row
        ) as probability
    from counts
),

ranks as (
    select
        trials,
        min(successes) filter (where probability >= 0.025) as low_rank,
        min(successes) filter (where probability >= 0.975) + 1 as high_rank
    from cumulative
    group by trials
)

select
    trials,
    low_rank,
    high_rank
from ranks
where low_rank > 0 and high_rank <= trials;
