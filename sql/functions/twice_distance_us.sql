-- Twice the distance between two instants in microseconds, and one more when the second is later: of two instants
-- equally far from the first, the earlier one comes first.
create or replace macro twice_distance_us(instant, other) as
2 * abs(date_diff('microsecond', instant, other)) + case when other > instant then 1 else 0 end;
