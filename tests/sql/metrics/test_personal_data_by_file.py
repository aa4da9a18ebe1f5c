from bakame_duck import metric


def test_the_finds_of_a_file_are_counted_and_the_first_are_placed(given):
    said = [{"user_input": "0788123456"}, {}, {"user_input": "0788123456"}, {"ai_response": "keza@example.rw"}]
    con = given.records(*said, {"user_input": "0788123456"})

    rows = metric(con, "personal_data_by_file", most_rows=2).fetchall()

    file = str(given.folder / "user_sessions_2026-01-04.csv")
    assert rows == [
        (file, "ai_response", "e-mail address", 1, [4]),
        (file, "user_input", "phone number", 3, [1, 3]),
    ]
