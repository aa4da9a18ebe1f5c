-- The quantile of the binomial distribution: the smallest count whose cumulative probability reaches probability.
-- Exact, and quick for millions of trials: the search starts at normal_score, the quantile of the normal
-- distribution for the same probability, and adds up only what lies within ten standard deviations of the mean; what
-- lies below all candidates, once.
create or replace macro binomial_quantile(trials, share, probability, normal_score) as
list_transform(
    [
        coalesce(
            list_sum(
                list_transform(
                    range(
                        greatest(cast(trials * share - 10 * sqrt(trials * share * (1 - share)) - 10 as bigint), 0),
                        greatest(
                            cast(trials * share + normal_score * sqrt(trials * share * (1 - share)) as bigint) - 5, 0
                        )
                    ),
                    lambda successes: binomial_probability(successes, trials, share)
                )
            ),
            0
        )
    ],
    lambda below: list_min(
        list_filter(
            range(
                greatest(cast(trials * share + normal_score * sqrt(trials * share * (1 - share)) as bigint) - 5, 0),
                least(
                    cast(trials * share + normal_score * sqrt(trials * share * (1 - share)) as bigint) + 5, trials
                ) + 1
            ),
            lambda candidate: below + list_sum(
                list_transform(
                    range(
                        greatest(
                            cast(trials * share + normal_score * sqrt(trials * share * (1 - share)) as bigint) - 5, 0
                        ),
                        candidate + 1
                    ),
                    lambda successes: binomial_probability(successes, trials, share)
                )
            ) >= probability
        )
    )
)[1];
