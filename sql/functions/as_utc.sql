-- The instant that a log cell states, as naive UTC.
-- A cell without a zone is UTC already. One with Z or an offset goes through a zoned
-- type, because a plain cast to timestamp drops the offset without a word. An offset is
-- told by a plus, or by a minus behind the hour.
create or replace macro as_utc(cell) as
case
    when contains(cell, '+') or suffix(cell, 'Z') or cell like '%:%-%'
        then timezone('UTC', try_cast(cell as timestamptz))
    else try_cast(cell as timestamp)
end;
