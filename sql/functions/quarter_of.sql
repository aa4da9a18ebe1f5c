-- The quarter of an hour that an instant lies in, by its first instant.
create or replace macro quarter_of(instant) as
time_bucket(interval 15 minutes, cast(instant as timestamp));
