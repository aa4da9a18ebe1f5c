from datetime import datetime

import pytest

from bakame_duck.errors import ParameterError
from bakame_duck.reports.tts import names, text

KIGALI = "Africa/Kigali"
ASTERIA = {
    "configuration": 1,
    "provider": "deepgram",
    "voice": "aura-asteria-en",
    "rate": 0.95,
    "pitch": "+1st",
    "style": "conversational",
    "encoding": "mulaw",
    "pause": 200.0,
    "status": "met",
}
LUNA = ASTERIA | {"configuration": 2, "voice": "aura-luna-en", "rate": 1.0}
FASTER = ASTERIA | {"configuration": 3, "rate": 1.0}
NOT_BY = dict.fromkeys(("provider", "voice", "pitch", "style", "encoding", "pause"))
CONFIGURATIONS = [ASTERIA | {"name": "Asteria 0.95"}, LUNA | {"name": "Luna"}, FASTER | {"name": "Asteria 1.00"}]
NAMES = {row["configuration"]: row["name"] for row in CONFIGURATIONS}
NONE = dict.fromkeys(
    (
        *(f"{place}_{part}" for place in ("p50", "p95") for part in ("difference_ms", "low_ms", "high_ms")),
        *(f"{rate}_{part}" for rate in ("barge_in", "fallback") for part in ("difference_points", "low", "high")),
        *("plain_p95_difference_ms", "p_value", "p_adjusted", "power_percent", "p95_error_ms"),
    )
)
COMPARED = NONE | {
    "setting": "configuration",
    "value": "2",
    "reference": "1",
    "configuration": 2,
    "turns": 684,
    "reference_turns": 1072,
    "p50_difference_ms": -52.0,
    "p50_low_ms": -62.0,
    "p50_high_ms": -42.0,
    "p95_difference_ms": -76.2,
    "p95_low_ms": -101.4,
    "p95_high_ms": -51.0,
    "plain_p95_difference_ms": -128.8,
    "barge_in_difference_points": -3.6,
    "barge_in_low": -6.7,
    "barge_in_high": -0.6,
    "p_value": 1e-6,
    "p_adjusted": 2e-6,
    "verdict": "better",
}
EQUAL = COMPARED | {
    "value": "3",
    "configuration": 3,
    "p95_difference_ms": 11.0,
    "p95_low_ms": -18.0,
    "p95_high_ms": 41.0,
    "plain_p95_difference_ms": 12.0,
    "p_value": 0.4,
    "p_adjusted": 0.46,
    "verdict": "not separable",
}
FEW = NONE | {
    "setting": "configuration",
    "value": "3",
    "reference": "1",
    "configuration": 3,
    "turns": 36,
    "verdict": "too few",
}
CONFOUNDED = FEW | {"verdict": "confounded"}
PITCH = NONE | {
    "setting": "pitch",
    "value": None,
    "reference": "+1st",
    "configuration": None,
    "verdict": "not isolated",
}
QUESTION = {
    "setting": "pitch",
    "value": None,
    "reference": "+1st",
    "configuration": None,
    "why": "not isolated",
    "difference_ms": 50.0,
    "turns_now": 0,
    "more_turns": 662,
    "days": 11,
}


@pytest.mark.parametrize(
    ("configurations", "expected"),
    [
        ([], []),
        ([ASTERIA, LUNA], ["Asteria", "Luna"]),
        ([ASTERIA, FASTER, LUNA], ["Asteria 0.95", "Asteria 1.00", "Luna"]),
        (
            [ASTERIA, FASTER, FASTER | {"encoding": "linear16"}],
            ["Asteria 0.95", "Asteria 1.00 mulaw", "Asteria 1.00 linear16"],
        ),
        ([ASTERIA | {"voice": None}], ["Deepgram"]),
        ([ASTERIA | {"voice": "Polly.Joanna"}], ["Joanna"]),
        ([ASTERIA | {"voice": "aura-en"}], ["aura-en"]),
        ([ASTERIA, ASTERIA | {"pause": None}], ["Asteria 200 ms", "Asteria –"]),
        ([ASTERIA, ASTERIA], ["Asteria", "Asteria (2)"]),
        ([ASTERIA | NOT_BY, FASTER | NOT_BY], ["Rate 0.95", "Rate 1.00"]),
        ([ASTERIA | NOT_BY], ["All turns"]),
    ],
)
def test_a_configuration_is_named_by_its_distinguishing_settings(configurations, expected):
    assert expected == names.configuration_names(configurations)


def test_the_settings_of_a_configuration_are_said_in_one_line():
    assert names.configuration_settings(ASTERIA | {"style": None}) == (
        "deepgram · aura-asteria-en · 0.95 · +1st · – · mulaw · pause 200 ms"
    )


@pytest.mark.parametrize(
    ("wanted", "number"),
    [(None, 1), ("Luna", 2), (" luna ", 2), ("3", 3), ("asteria 1.00", 3), ("aura-luna", 2), ("0.95 · +1st", 1)],
)
def test_a_baseline_is_found_by_its_name_a_part_of_it_or_its_number(wanted, number):
    assert number == names.find_baseline(CONFIGURATIONS, wanted)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("Lunna", "No configuration is called Lunna. Did you mean Luna?"),
        ("asteria", "Several configurations are called asteria"),
        ("9", "No configuration is called 9."),
        ("", "No configuration is called ."),
    ],
)
def test_a_baseline_that_is_none_or_several_is_refused(wanted, told):
    with pytest.raises(ParameterError) as refused:
        names.find_baseline(CONFIGURATIONS, wanted)

    assert told == str(refused.value)
    assert refused.value.hint == "There are Asteria 0.95, Luna and Asteria 1.00."


def test_without_configurations_any_baseline_will_do():
    assert 1 == names.find_baseline([], "Luna")


@pytest.mark.parametrize(
    ("configurations", "comparisons", "questions", "verdict", "sentences"),
    [
        (
            [],
            [],
            [],
            "No TTS metrics in this time.",
            "The logs of this time have no TTS columns, or no turn that filled them.",
        ),
        (
            CONFIGURATIONS[:1],
            [],
            [],
            "Asteria 0.95 is all there is.",
            "Every turn of this time was spoken the same way: there is nothing to compare.",
        ),
        (
            CONFIGURATIONS,
            [COMPARED, EQUAL, PITCH],
            [QUESTION],
            "Luna is faster than Asteria 0.95 and interrupted less.",
            "Its p95 is 76 ms lower (51 to 101) for answers of the same length, in the same hours and modules, and "
            "callers broke in 3.6 points less often. Asteria 1.00 is not separable from Asteria 0.95. Pitch was never "
            "varied alone, so nothing can be said of it.",
        ),
        (
            CONFIGURATIONS,
            [COMPARED | {"barge_in_high": 2.0}, FEW],
            [],
            "Luna is faster than Asteria 0.95.",
            "Its p95 is 76 ms lower (51 to 101) for answers of the same length, in the same hours and modules; callers "
            "broke in about as often, as far as can be told. Asteria 1.00 is too rare to judge.",
        ),
        (
            CONFIGURATIONS,
            [EQUAL, CONFOUNDED | {"configuration": 2}],
            [],
            "Can’t tell yet whether anything is faster than Asteria 0.95.",
            "Asteria 1.00 is not separable from Asteria 0.95. Luna was never spoken in the same hours as Asteria 0.95, "
            "so what made a difference cannot be told.",
        ),
        (
            CONFIGURATIONS,
            [COMPARED | {"verdict": "worse"}, EQUAL | {"verdict": "worse"}],
            [],
            "Stay with Asteria 0.95: nothing is faster.",
            "Luna and Asteria 1.00 are slower.",
        ),
        (
            CONFIGURATIONS,
            [FEW, FEW | {"configuration": 2}],
            [],
            "Can’t tell yet: nothing could be compared with Asteria 0.95.",
            "Asteria 1.00 and Luna are too rare to judge.",
        ),
        (
            CONFIGURATIONS,
            [COMPARED | {"barge_in_difference_points": None, "barge_in_low": None, "barge_in_high": None},
             EQUAL | {"verdict": "better", "p95_difference_ms": -60.0}],
            [],
            "Luna is faster than Asteria 0.95.",
            "Its p95 is 76 ms lower (51 to 101) for answers of the same length, in the same hours and modules. "
            "Asteria 1.00 is faster too.",
        ),
    ],
)  # fmt: skip
def test_the_report_opens_with_what_is_best_supported(configurations, comparisons, questions, verdict, sentences):
    assert (verdict, sentences) == text.tts_summary(configurations, comparisons, questions, 1)


def test_differences_are_said_with_their_signs():
    assert ("−76 ms", "−101 to −51") == (names.difference(COMPARED), names.difference_interval(COMPARED))
    assert ("+11 ms", "−18 to +41") == (names.difference(EQUAL), names.difference_interval(EQUAL))
    assert ("–", "") == (names.difference(FEW), names.difference_interval(FEW))
    assert ("−3.6", "−6.7 to −0.6") == (
        names.points(COMPARED, "barge_in"),
        names.points_interval(COMPARED, "barge_in"),
    )
    assert ("–", "") == (names.points(FEW, "barge_in"), names.points_interval(FEW, "barge_in"))


@pytest.mark.parametrize(("number", "said"), [(None, "–"), (0.0004, "< 0.001"), (0.031, "0.031"), (1.0, "1.000")])
def test_p_values_are_said_to_three_places(number, said):
    assert said == names.p_value(number)


AT = datetime(2026, 1, 4, 10)
COLUMN = {"column_name": "tts_provider", "turns": 900, "turns_with": 600, "first_at": AT, "last_at": AT}


@pytest.mark.parametrize(
    ("coverage", "said"),
    [
        ([], "No turn is on record in this time."),
        (
            [COLUMN | {"turns_with": 0, "first_at": None}],
            "None of the 900 turns of this time states how it was spoken.",
        ),
        ([COLUMN, COLUMN | {"column_name": "tts_pitch", "turns_with": 590}],
         "600 of 900 turns have TTS metrics, from 4 Jan 12:00 on."),
        (
            [COLUMN, COLUMN | {"column_name": "tts_style", "turns_with": 0, "first_at": None},
             COLUMN | {"column_name": "tts_pitch", "turns_with": 90, "first_at": datetime(2026, 1, 9, 10)}],
            "600 of 900 turns have TTS metrics, from 4 Jan 12:00 on. tts_style is nowhere stated, and left out. "
            "tts_pitch is stated from 9 Jan 12:00 on.",
        ),
    ],
)  # fmt: skip
def test_it_is_said_since_when_turns_tell_how_they_were_spoken(coverage, said):
    assert said == text.coverage_summary(coverage, KIGALI)


def test_configurations_are_set_against_the_target_in_words():
    rows = [*CONFIGURATIONS[:2], CONFIGURATIONS[2] | {"status": "inconclusive"}]

    assert text.configurations_summary(rows, 800.0).startswith(
        "Against 800 ms at p95, within: Asteria 0.95 and Luna; too close to say: Asteria 1.00. Dot: p95"
    )
    assert "" == text.configurations_summary([], 800.0)


def test_the_comparison_says_what_it_rests_on():
    assert "Holm’s correction covers 2 comparisons" in text.comparisons_summary([COMPARED, EQUAL, FEW], "Asteria")
    # what is one comparison under two names counts once
    assert "covers 1 comparison." in text.comparisons_summary([COMPARED, COMPARED | {"setting": "rate"}], "Asteria")
    assert "No configuration could be compared with Asteria." == text.comparisons_summary([FEW], "Asteria")


@pytest.mark.parametrize(
    ("comparisons", "said"),
    [
        ([FEW], ""),
        ([EQUAL], "Plain differences, unadjusted, are within 10 ms of these."),
        ([EQUAL, COMPARED], "A plain difference would mislead: for Luna it is −129 ms, where at equal length and time "
                            "it is −76 ms."),
    ],
)  # fmt: skip
def test_the_plain_difference_that_misleads_most_is_named(comparisons, said):
    assert said == text.plain_summary(comparisons, NAMES)


RATE = COMPARED | {"setting": "rate", "value": "1.0", "reference": "0.95", "configuration": None}


@pytest.mark.parametrize(
    ("comparisons", "said"),
    [
        ([COMPARED], "No setting can be looked at alone: the baseline does not state its settings."),
        ([RATE], "Rate varied while all else stayed the same."),
        ([RATE, PITCH], "Rate varied while all else stayed the same. Pitch never did: its effect is not known."),
        ([PITCH, PITCH | {"setting": "pause"}], "Pitch and pause never did: their effect is not known."),
    ],
)
def test_the_settings_that_varied_alone_are_named(comparisons, said):
    assert said == text.settings_summary(comparisons)


def test_the_trade_off_names_what_no_other_beats():
    rows = [row | {"is_unbeaten": row["name"] != "Asteria 1.00"} for row in CONFIGURATIONS]

    assert "Green: Asteria 0.95 and Luna, which no other beats" in text.trade_off_summary(rows)
    assert "No configuration has turns enough for a p95." == text.trade_off_summary([])


ALL = {
    "kind": "all",
    "value": None,
    "turns": 2676,
    "interrupted": 306,
    "barge_in_rate_percent": 11.4,
    "low_percent": 10.3,
    "high_percent": 12.7,
}
SHORT = ALL | {
    "kind": "chunks",
    "value": 2.0,
    "turns": 709,
    "barge_in_rate_percent": 7.5,
    "low_percent": 5.8,
    "high_percent": 9.6,
}
LONG = SHORT | {"value": 6.0, "turns": 93, "barge_in_rate_percent": 18.3, "low_percent": 11.7, "high_percent": 27.3}
INTERRUPTED = "Callers broke into 306 of 2,676 spoken turns, 11.4% (10.3–12.7)."


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ([], "No turn of this time says whether it was interrupted."),
        ([ALL], INTERRUPTED),
        ([ALL, SHORT, LONG], f"{INTERRUPTED} Longer answers are broken into more often: 7.5% at 2 chunks, 18.3% at "
                             "6 or more."),
        ([ALL, SHORT, LONG | {"low_percent": 9.0}], INTERRUPTED),
        ([ALL, SHORT, LONG | {"turns": 49}], INTERRUPTED),
    ],
)  # fmt: skip
def test_interruptions_are_said_with_their_interval(groups, said):
    assert said == text.interruptions_summary(groups)


def test_the_page_says_what_a_barge_in_cannot_tell():
    said = text.barge_in_limits([ALL])

    for limit in ("false", "missed", "how long the voice took to stop"):
        assert limit in said
    assert "" == text.barge_in_limits([])


FALLBACKS = {"turns": 1000, "fallbacks": 30, "by_another": 12}
STORM = {"started_at": AT, "ended_at": datetime(2026, 1, 4, 11), "bad_turns": 20, "turns": 25}


@pytest.mark.parametrize(
    ("fallbacks", "bursts", "said"),
    [
        ([], [], "No turn of this time states a fallback count."),
        ([FALLBACKS | {"fallbacks": 0}], [], "None of 1,000 turns needed a fallback."),
        ([FALLBACKS], [], "30 turns of 1,000 needed a fallback, 3.0%; in 12 of them another voice spoke in the end. "
                          "They came singly: no time stands out by more than chance allows."),
        ([FALLBACKS | {"by_another": 0}], [STORM], "30 turns of 1,000 needed a fallback, 3.0%. A burst: 4 Jan 12:00 to "
                                                   "13:00 (20 of 25 turns)."),
        ([FALLBACKS | {"by_another": 0}], [STORM, STORM | {"ended_at": datetime(2026, 1, 5, 11)}],
         "30 turns of 1,000 needed a fallback, 3.0%. Storms: 4 Jan 12:00 to 13:00 (20 of 25 turns) and 4 Jan 12:00 to "
         "5 Jan 13:00 (20 of 25 turns)."),
    ],
)  # fmt: skip
def test_storms_of_fallbacks_are_named(fallbacks, bursts, said):
    assert said == text.fallbacks_summary(fallbacks, bursts, KIGALI)


MULAW = {"encoding": "mulaw", "transcoded": 0, "p50_ms": None, "share_percent": 0.0}
LINEAR = {"encoding": "linear16", "transcoded": 204, "p50_ms": 41.6, "share_percent": 7.66}


@pytest.mark.parametrize(
    ("encodings", "said"),
    [
        ([], "No turn of this time states how long transcoding took."),
        ([MULAW], "mulaw needs none."),
        (
            [MULAW, LINEAR],
            "linear16 takes 42 ms of transcoding in the median, 7.7% of its synthesis time; mulaw needs none.",
        ),
    ],
)
def test_transcoding_is_said_by_encoding(encodings, said):
    assert said == text.transcoding_summary(encodings)


@pytest.mark.parametrize(
    ("questions", "comparisons", "said"),
    [
        ([], [], "With nothing to compare, nothing can be planned."),
        ([], [COMPARED], "No question is open: a difference of 50 ms at p95 would have been found everywhere."),
        ([QUESTION], [PITCH], "One question open. More turns are those still needed to find a difference of 50 ms at "
                              "p95 in four of five such times (80% power); days, at today’s traffic."),
        ([QUESTION | {"more_turns": None}] * 2, [PITCH], "Two questions open. How many turns they need cannot be said: "
                                                         "nothing was compared to learn it from."),
    ],
)  # fmt: skip
def test_the_plan_says_what_is_open(questions, comparisons, said):
    assert said == text.plan_summary(questions, comparisons, 50.0)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (QUESTION, "Pitch other than +1st"),
        (QUESTION | {"setting": "configuration", "configuration": 2}, "Luna against Asteria 0.95"),
        (QUESTION | {"setting": "rate", "value": "1.0", "reference": "0.95"}, "Rate 1.00 against 0.95, all else equal"),
    ],
)
def test_questions_are_put_in_words(row, said):
    assert said == text.question(row, NAMES, "Asteria 0.95")


def test_auditions_are_counted():
    heard = {"turns": 9, "made": 2, "failed": 0}

    assert "No voice_audition_results*.csv beside the logs has a sample." == text.auditions_summary([])
    assert "2 samples of 1 way of speaking; callers heard one of these." == text.auditions_summary([heard])
    assert "3 samples of 2 ways of speaking; callers heard one of these, and 1 sample could not be made." == (
        text.auditions_summary([heard, {"turns": 0, "made": 1, "failed": 1}])
    )
