-- The start of the window of so many minutes that an instant is in; windows are cut from midnight.
create or replace macro window_of(instant, minutes) as
date_trunc('day', instant)
+ to_minutes(cast(minutes * floor((hour(instant) * 60 + minute(instant)) / minutes) as bigint));
