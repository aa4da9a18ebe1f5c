-- The start of the window of so many minutes that an instant is in; windows are cut from midnight.
create or replace macro window_of(instant, minutes) as
time_bucket(to_minutes(minutes), instant, date_trunc('day', instant));
