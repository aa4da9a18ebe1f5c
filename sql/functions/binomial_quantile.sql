-- The quantile of the binomial distribution: the smallest count whose cumulative probability reaches probability.
-- Exact, and quick for millions of trials: the search starts at normal_score, the quantile of the normal
-- distribution for the same probability, and adds up only what lies within ten standard deviations of the mean.
create or replace macro binomial_quantile(trials, share, probability, normal_score) as
list_min(
    list_filter(
        range(
            greatest(cast(trials * share + normal_score * sqrt(trials * share * (1 - share)) as bigint) - 5, 0),
            least(cast(trials * share + normal_score * sqrt(trials * share * (1 - share)) as bigint) + 5, trials) + 1
        ),
        lambda candidate: list_sum(
            list_transform(
                range(
                    greatest(cast(trials * share - 10 * sqrt(trials * share * (1 - share)) - 10 as bigint), 0),
                    candidate + 1
                ),
                lambda successes: exp(
                    lgamma(trials + 1) - lgamma(successes + 1) - lgamma(trials - successes + 1)
                    + successes * ln(share) + (trials - successes) * ln(1 - share)
                )
            )
        ) >= probability
    )
);
