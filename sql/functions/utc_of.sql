-- The instant, in naive UTC, at which the clock of timezone shows local: the inverse of local_time.
create or replace macro utc_of(local, timezone) as
cast(local as timestamp) at time zone timezone at time zone 'UTC';
