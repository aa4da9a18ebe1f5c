from bakame_duck import metric


def test_turns_are_counted_by_learning_module(given):
    first, second = "+250788000001", "+250788000002"
    con = given.turns(
        ("2026-01-04 10:00:00", "math", {"call_id": "CA1", "phone_number": first, "total_ms": 1000.0}),
        ("2026-01-04 11:00:00", "math", {"call_id": "CA2", "phone_number": first, "total_ms": 3000.0, "error": "x"}),
        ("2026-01-04 11:00:10", None, {"call_id": "CA3", "phone_number": first, "total_ms": 2000.0}),
        ("2026-01-04 10:00:00", None, {"call_id": "CA4", "phone_number": second, "total_ms": 0.0}),
    )

    rows = metric(con, "turns_by_module")

    names = ("module_name", "turns", "calls", "callers", "turns_by_caller", "p50_ms", "error_rate_percent")
    assert [tuple(row[rows.columns.index(name)] for name in names) for row in rows.fetchall()] == [
        ("math", 3, 3, 1, 1, 2000.0, 100 / 3),
        (None, 1, 1, 1, 0, None, 0.0),
    ]
