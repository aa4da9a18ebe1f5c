from datetime import datetime, timedelta

from bakame_duck import metric

START = datetime(2026, 1, 4, 10)


def turns(number, **columns):
    return [(str(START + timedelta(seconds=second)), "math", columns) for second in range(number)]


def checks(number, status="healthy"):
    return [(str(START + timedelta(minutes=minute)), status) for minute in range(number)]


def report(con, **span):
    rows = metric(con, "objectives_report", **span)
    place = {name: rows.columns.index(name) for name in ("objective", "measured", "turns", "status")}
    return {
        row[place["objective"]]: tuple(row[place[name]] for name in ("measured", "turns", "status"))
        for row in rows.fetchall()
    }


def test_nothing_is_measured_without_records(given):
    given.records({})

    found = report(given.connect())

    assert len(found) == 10
    assert set(found.values()) == {(None, 0, "not measured")}


def test_objectives_are_met_with_enough_good_turns_and_checks(given):
    given.health_checks(*checks(800))
    con = given.turns(*turns(400))

    assert report(con) == {
        "asr_latency": (300.0, 400, "met"),
        "llm_latency": (1500.0, 400, "met"),
        "tts_latency": (500.0, 400, "met"),
        "total_latency": (2300.0, 400, "met"),
        "error_rate": (0.0, 400, "met"),
        "asr_error_rate": (0.0, 400, "met"),
        "llm_error_rate": (0.0, 400, "met"),
        "tts_error_rate": (0.0, 400, "met"),
        "uptime": (100.0, 800, "met"),
        "health_checks": (100.0, 800, "met"),
    }


def test_objectives_are_breached_by_enough_bad_turns_and_checks(given):
    silence = [(str(START + timedelta(days=1, minutes=minute)), "unhealthy") for minute in range(800)]
    given.health_checks(*checks(800), *silence)
    slow = {"asr_ms": 600.0, "llm_ms": 2500.0, "tts_ms": 900.0, "total_ms": 4000.0}
    messages = ("ASR timeout", "openai rate limit", "TTS failed")
    bad = [
        (at, module, columns | {"error": messages[n % 3]}) for n, (at, module, columns) in enumerate(turns(400, **slow))
    ]
    con = given.turns(*bad)

    found = report(con)

    assert {status for _, _, status in found.values()} == {"breached"}
    assert found["asr_latency"][:2] == (600.0, 400)
    assert found["error_rate"][:2] == (100.0, 400)
    assert found["tts_error_rate"][:2] == (133 / 4, 400)
    assert found["health_checks"][:2] == (50.0, 1600)


def test_a_latency_at_its_target_is_not_below_it(given):
    con = given.turns(*turns(72, asr_ms=500.0))

    assert report(con)["asr_latency"] == (500.0, 72, "breached")


def test_a_value_from_too_few_turns_says_so(given):
    con = given.turns(*turns(71))

    found = report(con)

    assert found["asr_latency"] == (300.0, 71, "too few")
    assert found["error_rate"] == (0.0, 71, "too few")
    assert found["uptime"] == (None, 0, "not measured")


def test_a_stage_that_never_ran_is_not_measured_while_the_others_are(given):
    con = given.turns(*turns(400, tts_ms=0.0))

    found = report(con)

    assert found["tts_latency"] == (None, 0, "not measured")
    assert found["tts_error_rate"] == (None, 0, "not measured")
    assert found["llm_latency"][2] == "met"


def test_only_turns_of_the_span_count(given):
    con = given.turns(*turns(100), ("2026-01-05 10:00:00", "math", {"asr_ms": 9000.0}))

    assert report(con, until=datetime(2026, 1, 5))["asr_latency"] == (300.0, 100, "met")
    assert report(con, since=datetime(2026, 1, 5))["asr_latency"] == (9000.0, 1, "too few")
