-- The Monday of the ISO week of an instant by the clock of timezone.
create or replace macro local_week(instant, timezone) as
cast(date_trunc('week', local_time(instant, timezone)) as date);
