import hashlib
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from bakame_duck.errors import PseudonymKeyError
from bakame_duck.pseudonyms import Key, load_key, pseudonymised

NUMBER = "+250788000001"
KEY, OTHER = Key(bytes(range(32))), Key(bytes(range(1, 33)))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user without a key, in a working folder without settings."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.delenv("BAKAME_DUCK_PSEUDONYM_KEY", raising=False)
    monkeypatch.delenv("BAKAME_DUCK_SETTINGS", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def own_key(home):
    return next(home.rglob("pseudonym.key"))


def test_a_caller_has_one_name_under_a_key_and_another_under_another():
    assert KEY.pseudonym(NUMBER) == Key(bytes(range(32))).pseudonym(f" {NUMBER} ")
    assert len({key.pseudonym(number) for key in (KEY, OTHER) for number in (NUMBER, "+250788000002")}) == 4
    assert re.fullmatch(r"caller [0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}", KEY.pseudonym(NUMBER))


def test_the_name_is_hmac_sha_256_as_rfc_2104_defines_it():
    inner, outer = (bytes(byte ^ pad for byte in KEY.secret.ljust(64, b"\0")) for pad in (0x36, 0x5C))
    by_hand = hashlib.sha256(outer + hashlib.sha256(inner + f"caller {NUMBER}".encode()).digest()).hexdigest()

    assert by_hand[:12] == KEY.pseudonym(NUMBER).removeprefix("caller ").replace("-", "")


def test_no_hash_without_the_key_gives_the_name():
    name = KEY.pseudonym(NUMBER).removeprefix("caller ").replace("-", "")

    for algorithm in sorted(hashlib.algorithms_guaranteed - {"shake_128", "shake_256"}):
        for message in (NUMBER, NUMBER[1:], f"caller {NUMBER}"):
            assert name not in hashlib.new(algorithm, message.encode()).hexdigest()


def test_a_hundred_thousand_callers_have_names_of_their_own():
    assert 100_000 == len({KEY.pseudonym(f"+25078{number:07}") for number in range(100_000)})


@pytest.mark.parametrize("number", [None, "", "  "])
def test_a_caller_without_a_number_is_unknown(number):
    assert "caller unknown" == KEY.pseudonym(number)


def test_the_fingerprint_tells_keys_apart_and_reveals_none():
    assert KEY.fingerprint == Key(bytes(range(32))).fingerprint != OTHER.fingerprint
    assert re.fullmatch("[0-9a-f]{8}", KEY.fingerprint)
    assert KEY.fingerprint not in KEY.secret.hex()
    assert KEY.fingerprint not in hashlib.sha256(KEY.secret).hexdigest()


def test_a_key_does_not_show_itself():
    assert "Key()" == repr(KEY) == f"{KEY}"


def test_names_stand_where_the_numbers_stood():
    frame = pl.DataFrame({"place": [1, 2, 3, 4], "phone_number": [NUMBER, None, "+250788000002", NUMBER], "n": [0] * 4})

    named = pseudonymised(frame, KEY)

    assert ["place", "caller", "n"] == named.columns
    assert named["caller"].to_list() == [KEY.pseudonym(number) for number in frame["phone_number"]]
    assert "788" not in named.write_csv()


def test_a_frame_without_rows_or_with_nothing_but_nulls_can_be_named():
    nobody = pl.DataFrame({"who": [None, None]})

    assert ["caller unknown"] * 2 == pseudonymised(nobody, KEY, column="who")["caller"].to_list()
    assert pl.Schema({"caller": pl.String()}) == pseudonymised(nobody.head(0), KEY, column="who").schema


def test_the_users_own_key_is_made_once_and_for_the_user_only(home):
    key = load_key()

    assert load_key() == key
    assert 32 == len(key.secret)
    assert own_key(home).read_bytes() == key.secret
    assert [own_key(home)] == list(own_key(home).parent.iterdir())
    if os.name == "posix":
        assert 0o600 == stat.S_IMODE(own_key(home).stat().st_mode)


def test_two_users_have_two_keys(home, monkeypatch):
    first = load_key()
    monkeypatch.setenv("HOME", str(home / "other"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "other"))

    assert first != load_key()


def test_processes_that_need_the_first_key_at_once_get_the_same(home):
    script = "import sys; from bakame_duck.pseudonyms import load_key; sys.stdin.read(); print(load_key().fingerprint)"
    processes = [
        subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in processes:
        process.stdin.close()

    fingerprints = [process.stdout.read().strip() for process in processes]
    for process in processes:
        process.stdout.close()

    assert [0] * 4 == [process.wait() for process in processes]
    assert {load_key().fingerprint} == set(fingerprints)


def test_a_key_made_meanwhile_is_not_replaced(home, monkeypatch):
    theirs = bytes(range(40, 72))
    link = os.link

    def late(source, target):
        Path(target).write_bytes(theirs)
        link(source, target)

    monkeypatch.setattr(os, "link", late)

    assert Key(theirs) == load_key()
    assert [own_key(home)] == list(own_key(home).parent.iterdir())


def test_the_settings_and_the_environment_name_a_key_and_an_argument_goes_over_both(home, monkeypatch):
    for name, content in (("a", b"a" * 32), ("b", b"b" * 33), ("c", b"c" * 64)):
        (home / name).write_bytes(content)
    (home / "bakame-duck.toml").write_text("pseudonym_key = '~/a'\n")

    assert Key(b"a" * 32) == load_key()
    monkeypatch.setenv("BAKAME_DUCK_PSEUDONYM_KEY", str(home / "b"))
    assert Key(b"b" * 33) == load_key()
    assert Key(b"c" * 64) == load_key(home / "c")
    assert [] == list(home.rglob("pseudonym.key"))


def test_a_named_key_that_is_not_there_is_not_made(home, monkeypatch):
    monkeypatch.setenv("BAKAME_DUCK_PSEUDONYM_KEY", str(home / "mistyped"))

    with pytest.raises(PseudonymKeyError, match=r"mistyped cannot be read: No such file") as error:
        load_key()

    assert "/dev/urandom" in error.value.hint
    assert not (home / "mistyped").exists()


@pytest.mark.parametrize("content", [b"", b"short", bytes(31), bytes(5000)])
def test_a_file_that_is_empty_short_or_long_is_no_key(home, content):
    (home / "key").write_bytes(content)

    with pytest.raises(PseudonymKeyError, match=r"key holds no pseudonym key: it is not of 32 to 4096 bytes"):
        load_key(home / "key")


def test_a_folder_is_no_key(home):
    with pytest.raises(PseudonymKeyError, match="cannot be read: Is a directory"):
        load_key(home)


def test_a_home_that_cannot_be_written_is_told_with_what_to_do(home, monkeypatch):
    # A file where a folder has to be stops root too, whom a read-only folder would not.
    (home / "share").write_text("")

    with pytest.raises(PseudonymKeyError, match=r"pseudonym\.key cannot be made: ") as error:
        load_key()

    assert "BAKAME_DUCK_PSEUDONYM_KEY" in error.value.hint


@pytest.mark.skipif(os.name != "posix", reason="needs the permissions of POSIX")
def test_a_home_of_somebody_else_is_told_with_what_to_do(home, monkeypatch):
    monkeypatch.chdir("/")
    home.chmod(0o500)
    user = os.geteuid()
    try:
        if user == 0:  # root may write everywhere
            os.seteuid(65534)
        with pytest.raises(PseudonymKeyError, match=r"pseudonym\.key cannot be made: Permission denied") as error:
            load_key()
    finally:
        os.seteuid(user)
        home.chmod(0o700)

    assert "BAKAME_DUCK_PSEUDONYM_KEY" in error.value.hint
