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


def test_the_sources_of_the_module_add_up_to_the_turns(given):
    first, second = {"phone_number": "+250788000001"}, {"phone_number": "+250788000002"}
    con = given.turns(
        ("2026-01-04 10:00:00", "math", first),
        ("2026-01-04 10:00:10", "math", first),
        ("2026-01-04 10:00:20", None, first),
        ("2026-01-04 10:00:00", None, second),
    )

    rows = metric(con, "turns_by_module").pl()

    assert rows.select("module_name", "turns", "turns_by_call", "turns_by_caller", "turns_by_none").rows() == [
        ("math", 3, 2, 1, 0),
        (None, 1, 0, 0, 1),
    ]


def test_each_stage_has_a_percentile_over_the_turns_in_which_it_ran(given):
    con = given.turns(
        *(
            ("2026-01-04 10:00:00", "math", {"asr_ms": 1.0 * step, "llm_ms": 10.0 * step, "tts_ms": 100.0 * (step % 2)})
            for step in range(1, 102)
        )
    )

    rows = metric(con, "turns_by_module").pl()

    assert rows.select("p95_asr_ms", "p95_llm_ms", "p95_tts_ms").rows() == [(96.0, 960.0, 100.0)]
