from datetime import datetime, timedelta

from bakame_duck import metric

AS_OF = datetime(2026, 1, 5)


def caller(number, session="CA1", **others):
    return {"phone_number": f"+25078800000{number}", "session_id": session} | others


def test_callers_come_by_their_interactions(given):
    con = given.records(
        caller(1),
        caller(2, "CA2", session_duration=10, timestamp="2026-01-04T09:00:00"),
        caller(2, "CA2", session_duration=20),
        caller(2, "CA3"),
    )

    rows = metric(con, "user_engagement_metrics", as_of=AS_OF).fetchall()

    last = datetime(2026, 1, 4, 10)
    assert rows == [("+250788000002", 2, 3, 15.0, last), ("+250788000001", 1, 1, None, last)]


def test_the_ten_first_are_shown_unless_more_are_asked_for(given):
    con = given.records(*(caller(number, phone_number=f"+2507880000{number:02}") for number in range(12)))

    def callers(**arguments):
        return [row[0][-2:] for row in metric(con, "user_engagement_metrics", as_of=AS_OF, **arguments).fetchall()]

    assert callers() == [f"{number:02}" for number in range(10)]
    assert callers(max_rows=1) == ["00"]
    assert len(callers(max_rows=100)) == 12


def test_thirty_days_are_looked_at_unless_others_are_asked_for(given):
    con = given.records(caller(1, timestamp="2025-12-06T00:00:00"), caller(2, timestamp="2025-12-05T23:59:59"))

    def callers(**arguments):
        return [row[0][-1] for row in metric(con, "user_engagement_metrics", as_of=AS_OF, **arguments).fetchall()]

    assert callers() == ["1"]
    assert callers(lookback=timedelta(days=31)) == ["1", "2"]
