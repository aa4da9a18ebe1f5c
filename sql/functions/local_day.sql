-- The date of an instant by the clock of timezone.
create or replace macro local_day(instant, timezone) as
cast(local_time(instant, timezone) as date);
