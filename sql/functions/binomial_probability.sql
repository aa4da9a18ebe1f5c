-- The probability of exactly so many successes in independent trials that each succeed with probability share.
create or replace macro binomial_probability(successes, trials, share) as
exp(
    log_gamma(trials + 1) - log_gamma(successes + 1) - log_gamma(trials - successes + 1)
    + successes * ln(share) + (trials - successes) * ln(1 - share)
);
