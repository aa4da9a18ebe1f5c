-- Whether an instant is in the half-open range from since to until; NULL is no bound. Rows without an instant are in no
-- range. Bounds are finite: Spark has no infinite timestamp, and DuckDB still skips files outside the range.
create or replace macro in_range(instant, since, until) as
instant >= coalesce(since, timestamp '0001-01-01') and instant < coalesce(until, timestamp '9999-12-31');
