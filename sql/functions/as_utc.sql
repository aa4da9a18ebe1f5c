-- The instant that a log cell states, as naive UTC; NULL outside the years 1 to 9999.
-- A cell without a zone is in UTC. One with Z or an offset goes through a zoned type, because a plain cast to timestamp
-- drops the offset silently. An offset is recognized by a plus, or by a minus after the hour.
create or replace macro as_utc(cell) as
representable(
    case
        when contains(cell, '+') or suffix(cell, 'Z') or cell like '%:%-%'
            then timezone('UTC', try_cast(cell as timestamptz))
        else try_cast(cell as timestamp)
    end
);
