-- The upper end of the 95% score interval of a share (Wilson 1927); NULL without trials.
create or replace macro wilson_high(successes, trials) as
case
    when trials > 0
        then least(
            (
                successes + 1.9207294
                + 1.9599640 * sqrt(greatest(successes * (1 - successes / trials), 0) + 0.9603647)
            )
            / (trials + 3.8414588),
            1
        )
end;
