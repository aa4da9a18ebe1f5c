-- The status of an objective, from what was measured, its 95% interval and the number of observations.
-- 'met' or 'breached' when the whole interval is on one side of the target, 'inconclusive' when the target is inside
-- it, 'too few' when so few observations could not show it met, 'not measured' without any. comparison is '<' or '>'.
create or replace macro objective_status(measured, low, high, observations, min_observations, comparison, target) as
case
    when measured is null then 'not measured'
    when observations < min_observations or low is null or high is null then 'too few'
    when comparison = '<' and high < target or comparison = '>' and low > target then 'met'
    when comparison = '<' and low >= target or comparison = '>' and high <= target then 'breached'
    else 'inconclusive'
end;
