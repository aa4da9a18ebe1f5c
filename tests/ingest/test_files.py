import pytest

from bakame_duck.errors import DataFolderError
from bakame_duck.ingest.files import LogFile, find_logs
from tests.conftest import as_csv


def found_in(folder, *names):
    for name in names:
        (folder / name).write_bytes(b"")
    return {file.path.name: (file.compression, file.live) for file in find_logs(folder)}


def test_every_way_to_name_a_rotated_log_is_found(tmp_path):
    found = found_in(
        tmp_path,
        "user_sessions.csv",
        "user_sessions.csv.1",
        "user_sessions.csv.2.gz",
        "user_sessions_2025-09-04.csv",
        "user_sessions_20250904.csv.gz",
        "user_sessions_2025-09-05.csv.zst",
    )

    assert found == {
        "user_sessions.csv": ("none", True),
        "user_sessions.csv.1": ("none", False),
        "user_sessions.csv.2.gz": ("gzip", False),
        "user_sessions_2025-09-04.csv": ("none", False),
        "user_sessions_20250904.csv.gz": ("gzip", False),
        "user_sessions_2025-09-05.csv.zst": ("zstd", False),
    }


def test_what_is_named_like_a_log_is_found_whatever_it_is(tmp_path):
    (tmp_path / "user_sessions_folder.csv").mkdir()
    (tmp_path / "user_sessions_link.csv").symlink_to("nowhere.csv")

    assert set(found_in(tmp_path)) == {"user_sessions_folder.csv", "user_sessions_link.csv"}


def test_other_files_are_not_logs(tmp_path):
    found = found_in(
        tmp_path,
        "user_sessions.csv",
        "user_sessions.csv.bak",
        "user_sessions.xlsx",
        "module_usage.csv",
        "old_user_sessions.csv",
        ".user_sessions.csv.swp",
    )

    assert list(found) == ["user_sessions.csv"]


def test_logs_are_sorted_by_path_over_several_folders(tmp_path):
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "user_sessions.csv").write_bytes(b"")

    assert find_logs([tmp_path / "b", str(tmp_path / "a")]) == [
        LogFile(tmp_path / "a" / "user_sessions.csv", "none", live=True),
        LogFile(tmp_path / "b" / "user_sessions.csv", "none", live=True),
    ]


def test_a_folder_named_twice_is_read_once(tmp_path):
    (tmp_path / "user_sessions.csv").write_bytes(as_csv(["2026-01-04T10:00:00"]))

    assert len(find_logs([tmp_path, tmp_path])) == 1


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataFolderError, match=r"No folder .*nowhere") as error:
        find_logs(tmp_path / "nowhere")

    assert "--data" in error.value.hint


def test_a_folder_without_logs_is_named_with_the_names_that_would_do(tmp_path):
    with pytest.raises(DataFolderError, match=f"No logs in {tmp_path}") as error:
        find_logs(tmp_path)

    assert "user_sessions*.csv" in error.value.hint
