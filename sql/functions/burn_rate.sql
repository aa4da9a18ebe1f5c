-- How fast an error budget is used: the bad share of total over the share that may be bad.
-- At 1, the budget lasts exactly as long as its period (Google, The Site Reliability Workbook, chapter 5).
create or replace macro burn_rate(bad, total, allowed_share) as
bad / nullif(total, 0) / nullif(allowed_share, 0);
