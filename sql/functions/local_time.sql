-- The time by the clock of timezone at an instant in naive UTC.
-- Made from its microseconds, which takes half the time of naming UTC as its zone. What is not finite stays as it is.
create or replace macro local_time(instant, timezone) as
coalesce(make_timestamptz(epoch_us(cast(instant as timestamp))) at time zone timezone, cast(instant as timestamp));
