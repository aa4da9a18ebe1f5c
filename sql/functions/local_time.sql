-- The time by the clock of timezone at an instant in naive UTC. An infinite instant stays as it is.
-- It goes through microseconds, which takes half the time of naming UTC as the first zone.
create or replace macro local_time(instant, timezone) as
coalesce(make_timestamptz(epoch_us(cast(instant as timestamp))) at time zone timezone, cast(instant as timestamp));
