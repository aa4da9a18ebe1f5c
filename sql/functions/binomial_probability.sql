-- The probability of so many successes in independent trials that each succeed with probability share.
create or replace macro binomial_probability(successes, trials, share) as
exp(
    lgamma(trials + 1) - lgamma(successes + 1) - lgamma(trials - successes + 1)
    + successes * ln(share) + (trials - successes) * ln(1 - share)
);
