-- The current instant in naive UTC, whatever the time zone of the session.
create or replace macro utc_now() as
make_timestamp(epoch_us(now()));
