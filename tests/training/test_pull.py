"""`training/pull.py` against a server that cuts, lies and refuses."""

import fcntl
import gzip
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.training.desk_of_files import REFUSAL, TOKEN, DeskOfFiles, serving, sha256
from training.pull import PullError, pull

LINES = b"".join(b'{"id": %d, "text": "line %d"}\n' % (number, number) for number in range(60_000))
TRAIN = "sft/train.jsonl"
PACKED = "sft/train.jsonl.gz"


@pytest.fixture
def desk() -> Iterator[DeskOfFiles]:
    files = {
        TRAIN: LINES,
        PACKED: gzip.compress(LINES, mtime=0),
        "README.md": b"# lines\n",
    }
    with serving(DeskOfFiles(files)) as served:
        yield served


def pulled(desk: DeskOfFiles, folder: Path, version: str = "3", **more: Any) -> Path:
    return pull(desk.url, "lines", version, folder, TOKEN, rest_s=0.0, **more)


def in_turn(values: Sequence[int | None]) -> Callable[[], int | None]:
    """Each of the values once, then None."""
    left = iter(values)
    return lambda: next(left, None)


def test_every_file_is_brought_and_the_manifest_with_them(
    desk: DeskOfFiles, tmp_path: Path
) -> None:
    folder = pulled(desk, tmp_path / "lines")

    there = {path: (folder / path).read_bytes() for path in desk.files}
    assert there == desk.files
    assert (folder / "manifest.json").read_bytes() == desk.manifest()
    assert list(folder.rglob(".*")) == []


def test_the_newest_version_is_asked_for_and_its_number_kept(
    desk: DeskOfFiles, tmp_path: Path
) -> None:
    assert pulled(desk, tmp_path, "newest") == tmp_path / "lines-3"


def test_only_what_fits_is_brought(desk: DeskOfFiles, tmp_path: Path) -> None:
    folder = pulled(desk, tmp_path, only=("sft/*.gz",))

    assert sorted(path.name for path in folder.rglob("*.*")) == ["manifest.json", "train.jsonl.gz"]
    with pytest.raises(PullError, match=r"No file .* fits dpo/\*; there are: sft/train.jsonl"):
        pulled(desk, tmp_path, only=("dpo/*",))


def test_a_download_that_is_cut_twenty_times_goes_on_where_it_was(
    desk: DeskOfFiles, tmp_path: Path
) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    desk.cut_after = in_turn([chance.randrange(1, len(LINES) // 25) for _ in range(20)])

    folder = pulled(desk, tmp_path, only=(TRAIN,))

    assert sha256((folder / TRAIN).read_bytes()) == sha256(LINES), seed
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for asked in desk.ranges_asked()]
    assert len(starts) == 20, seed
    assert starts == sorted(set(starts)), seed  # nothing was fetched twice


def test_a_second_call_goes_on_from_what_a_first_had_to_leave(
    desk: DeskOfFiles, tmp_path: Path
) -> None:
    desk.cut_after = in_turn([1000] + [0] * 8)
    with pytest.raises(PullError, match="What there is was kept"):
        pulled(desk, tmp_path, only=(TRAIN,))
    assert [part.stat().st_size for part in tmp_path.rglob(".*.part")] == [1000]
    assert not (tmp_path / TRAIN).exists()
    assert not (tmp_path / "manifest.json").exists()
    desk.requests.clear()

    pulled(desk, tmp_path, only=(TRAIN,))

    assert desk.ranges_asked() == ["bytes=1000-"]
    assert (tmp_path / TRAIN).read_bytes() == LINES


def test_what_is_there_is_not_brought_again_and_what_was_changed_here_is(
    desk: DeskOfFiles, tmp_path: Path
) -> None:
    pulled(desk, tmp_path)
    (tmp_path / "README.md").write_text("# other\n")
    desk.requests.clear()

    pulled(desk, tmp_path)

    asked = [path.rpartition("files/")[2] for path, _headers in desk.requests]
    assert asked == ["manifest.json", "README.md"]
    assert (tmp_path / "README.md").read_bytes() == desk.files["README.md"]


def test_a_part_of_another_file_is_not_mixed_with_this_one(
    desk: DeskOfFiles, tmp_path: Path
) -> None:
    desk.cut_after = in_turn([5000] + [0] * 8)
    with pytest.raises(PullError):
        pulled(desk, tmp_path, only=(TRAIN,))
    desk.files[TRAIN] = LINES.replace(b"line", b"LINE")

    pulled(desk, tmp_path, only=(TRAIN,))

    assert (tmp_path / TRAIN).read_bytes() == desk.files[TRAIN]
    assert list(tmp_path.rglob(".*.part")) == []


def test_what_changes_while_it_is_pulled_is_noticed(desk: DeskOfFiles, tmp_path: Path) -> None:
    """If-Range: the rest of another file never comes as the rest of this one."""

    def changed() -> int:
        desk.files[TRAIN] = LINES.replace(b"line", b"LINE")
        return 5000

    turns = iter([changed])
    desk.cut_after = lambda: next(turns, lambda: None)()

    with pytest.raises(PullError, match="It was thrown away"):
        pulled(desk, tmp_path, only=(TRAIN,))

    assert desk.ranges_asked() == ["bytes=5000-"]
    assert not (tmp_path / TRAIN).exists()


def test_a_server_that_counts_no_ranges_sends_all_of_it_again(
    desk: DeskOfFiles, tmp_path: Path
) -> None:
    desk.counts_ranges = False
    desk.cut_after = in_turn([5000, 7000])

    pulled(desk, tmp_path, only=(TRAIN,))

    assert (tmp_path / TRAIN).read_bytes() == LINES


def test_a_part_longer_than_the_file_is_thrown_away(desk: DeskOfFiles, tmp_path: Path) -> None:
    part = tmp_path / f"sft/.train.jsonl.{sha256(LINES)[:12]}.part"
    part.parent.mkdir()
    part.write_bytes(LINES + b"more")

    pulled(desk, tmp_path, only=(TRAIN,))

    assert (tmp_path / TRAIN).read_bytes() == LINES


def test_a_busy_desk_is_asked_again(desk: DeskOfFiles, tmp_path: Path) -> None:
    desk.status = in_turn([503, 502, 429])

    pulled(desk, tmp_path, only=("README.md",))

    assert (tmp_path / "README.md").exists()


@pytest.mark.parametrize(
    ("path", "claim", "sentence"),
    [
        (TRAIN, {"sha256": "0" * 64}, f"with the sha256 {sha256(LINES)}, and the manifest says 0"),
        (TRAIN, {"rows": 3}, "has 60000 rows, and the manifest says 3"),
        (PACKED, {"rows": 59_999}, "has 60000 rows, and the manifest says 59999"),
    ],
)
def test_what_is_not_as_the_manifest_says_never_gets_its_name(
    desk: DeskOfFiles, tmp_path: Path, path: str, claim: dict[str, Any], sentence: str
) -> None:
    desk.claims[path] = claim

    with pytest.raises(PullError, match=sentence):
        pulled(desk, tmp_path, only=(path,))

    assert not (tmp_path / path).exists()
    assert [part.stat().st_size for part in tmp_path.rglob(".*.part")] == [0]


def test_a_body_that_always_ends_too_early_is_said_so(desk: DeskOfFiles, tmp_path: Path) -> None:
    desk.claims["README.md"] = {"bytes": 1000}

    with pytest.raises(PullError, match=r"README\.md cannot be had: .* 8 attempts brought nothing"):
        pulled(desk, tmp_path, only=("README.md",))

    assert not (tmp_path / "README.md").exists()


def test_a_token_that_opens_nothing_is_told_with_the_desks_own_sentence(
    desk: DeskOfFiles, tmp_path: Path
) -> None:
    with pytest.raises(PullError, match=f"does not take the token: {REFUSAL}"):
        pull(desk.url, "lines", "3", tmp_path, "desk_wrong", rest_s=0.0)
    assert len(desk.requests) == 1  # a refusal is final


def test_a_token_that_runs_out_on_the_way_leaves_what_has_come(
    desk: DeskOfFiles, tmp_path: Path
) -> None:
    desk.cut_after = in_turn([5000])
    desk.status = in_turn([None, 401])

    with pytest.raises(PullError, match="does not take the token"):
        pulled(desk, tmp_path, only=(TRAIN,))
    assert [part.stat().st_size for part in tmp_path.rglob(".*.part")] == [5000]

    pulled(desk, tmp_path, only=(TRAIN,))
    assert desk.ranges_asked()[-1] == "bytes=5000-"
    assert (tmp_path / TRAIN).read_bytes() == LINES


@pytest.mark.parametrize("token", [f"{TOKEN}\n", f" {TOKEN}\r\n"])
def test_a_token_may_bring_the_end_of_its_line(
    desk: DeskOfFiles, tmp_path: Path, token: str
) -> None:
    assert pull(desk.url, "lines", "3", tmp_path, token, only=("README.md",))


@pytest.mark.parametrize("token", ["", "two words", "two\nlines", "“quoted”", "nul\0"])
def test_what_no_header_can_hold_is_no_token(desk: DeskOfFiles, tmp_path: Path, token: str) -> None:
    with pytest.raises(PullError, match="This is no token"):
        pull(desk.url, "lines", "3", tmp_path, token)
    assert desk.requests == []


@pytest.mark.parametrize(
    "address", ["desk.example", "ftp://desk", "http://", "http://[::1", "http://desk:99999"]
)
def test_what_is_no_address_is_said_so(tmp_path: Path, address: str) -> None:
    with pytest.raises(PullError, match="is no address of a desk"):
        pull(address, "lines", "3", tmp_path, TOKEN)


def test_a_desk_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PullError, match=r"cannot be reached\. The connection broke"):
        pull("http://127.0.0.1:9", "lines", "3", tmp_path, TOKEN, rest_s=0.0)


@pytest.mark.parametrize("path", ["../escaped", "/etc/passwd", "a/../../b", "", "a\\b"])
def test_a_manifest_cannot_write_outside_of_the_folder(
    desk: DeskOfFiles, tmp_path: Path, path: str
) -> None:
    desk.files = {path: b"x"}

    with pytest.raises(PullError, match="no manifest that this program can read"):
        pulled(desk, tmp_path / "inner")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "claim",
    [
        {"bytes": -1},
        {"bytes": "many"},
        {"bytes": None},
        {"sha256": 7},
        {"sha256": "0" * 63},
        {"sha256": "../../../../" + "0" * 52},
        {"path": 7},
        {"path": None},
    ],
)
def test_a_manifest_that_makes_no_sense_is_said_so_and_brings_nothing(
    desk: DeskOfFiles, tmp_path: Path, claim: dict[str, Any]
) -> None:
    desk.claims[TRAIN] = claim

    with pytest.raises(PullError, match="no manifest that this program can read"):
        pulled(desk, tmp_path / "inner")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"files": 3}', b'{"files": ["x"]}'])
def test_what_is_no_manifest_is_said_so(
    desk: DeskOfFiles, tmp_path: Path, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "manifest", lambda: body)

    with pytest.raises(PullError, match="no manifest that this program can read"):
        pulled(desk, tmp_path)


@pytest.mark.parametrize("newest", ["../../escaped", None, "latest"])
def test_the_newest_version_is_a_number(desk: DeskOfFiles, tmp_path: Path, newest: object) -> None:
    desk.newest = newest

    with pytest.raises(PullError, match="something answers that is no desk"):
        pulled(desk, tmp_path / "inner", "newest")

    assert list(tmp_path.iterdir()) == []


def test_a_body_that_is_longer_than_it_should_be_is_not_read_for_ever(
    desk: DeskOfFiles, tmp_path: Path
) -> None:
    desk.claims[TRAIN] = {"bytes": 1000}

    with pytest.raises(PullError, match="is longer than the 1000 bytes"):
        pulled(desk, tmp_path, only=(TRAIN,))

    assert [part.stat().st_size for part in tmp_path.rglob(".*.part")] == [0]


@pytest.mark.parametrize("content", [b"no gzip at all", gzip.compress(LINES)[:-9]])
def test_what_cannot_be_unpacked_never_gets_its_name(
    desk: DeskOfFiles, tmp_path: Path, content: bytes
) -> None:
    desk.files[PACKED] = content

    with pytest.raises(PullError, match=r"train\.jsonl\.gz cannot be unpacked"):
        pulled(desk, tmp_path, only=(PACKED,))

    assert not (tmp_path / PACKED).exists()


def test_another_server_is_not_shown_the_token(desk: DeskOfFiles, tmp_path: Path) -> None:
    with serving(DeskOfFiles(desk.files)) as elsewhere:
        desk.redirects_to = elsewhere.url
        elsewhere.cut_after = in_turn([5000])

        pulled(desk, tmp_path, only=(TRAIN,))

        assert (tmp_path / TRAIN).read_bytes() == LINES
        assert elsewhere.ranges_asked() == ["bytes=5000-"]
        for _path, headers in elsewhere.requests:
            assert "Authorization" not in headers
            assert "If-Range" not in headers


def test_two_pulls_into_one_folder_do_not_write_one_file(desk: DeskOfFiles, tmp_path: Path) -> None:
    def meanwhile() -> int | None:
        with pytest.raises(PullError, match="Another program is writing"):
            pulled(desk, tmp_path, only=(TRAIN,))
        return None

    turns = iter([meanwhile])
    desk.cut_after = lambda: next(turns, lambda: None)()

    pulled(desk, tmp_path, only=(TRAIN,))

    assert (tmp_path / TRAIN).read_bytes() == LINES


def test_a_part_that_became_the_file_before_it_was_locked_is_not_written(
    desk: DeskOfFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second program opens the part, and the first gives it its name before the second locks."""
    lock = fcntl.flock
    target = tmp_path / "README.md"

    def later(opened: Any, kind: int) -> None:
        lock(opened, kind)
        [part] = tmp_path.glob(".*.part")
        monkeypatch.setattr(fcntl, "flock", lock)
        part.write_bytes(desk.files["README.md"])
        part.rename(target)

    monkeypatch.setattr(fcntl, "flock", later)

    pulled(desk, tmp_path, only=("README.md",))

    assert target.read_bytes() == desk.files["README.md"]
    assert list(tmp_path.rglob(".*.part")) == []


def test_pulls_that_end_at_once_do_not_disturb_each_other(
    desk: DeskOfFiles, tmp_path: Path
) -> None:
    parts = [("README.md",), (TRAIN,), (PACKED,), ("*.md",)] * 4

    with ThreadPoolExecutor(4) as jobs:
        ended = [jobs.submit(pulled, desk, tmp_path, only=only) for only in parts]

    failures = [str(each.exception()) for each in ended if each.exception()]
    assert all("Another program is writing" in failure for failure in failures), failures
    pulled(desk, tmp_path)
    assert (tmp_path / TRAIN).read_bytes() == LINES
    assert list(tmp_path.rglob(".*.part")) == []


def test_a_full_disk_is_said_so(desk: DeskOfFiles, tmp_path: Path) -> None:
    """RLIMIT_FSIZE makes a write fail as a full disk does."""
    script = (
        "import resource, runpy, signal, sys;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    ended = command(desk, tmp_path, "-c", script, "training/pull.py")

    assert ended.returncode == 1
    assert ended.stderr == f"Cannot write to {tmp_path}: File too large.\n"
    assert not (tmp_path / TRAIN).exists()


def test_the_command_needs_a_token_and_prints_the_folder(desk: DeskOfFiles, tmp_path: Path) -> None:
    ended = command(desk, tmp_path, "training/pull.py")
    without = command(desk, tmp_path, "training/pull.py", token="")

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{tmp_path}\n", "")
    assert json.loads((tmp_path / "manifest.json").read_bytes())
    assert without.returncode == 1
    assert without.stderr.startswith("Set COPYDESK_TOKEN")


def test_what_the_manifest_warns_of_is_said_and_is_no_failure(
    desk: DeskOfFiles, tmp_path: Path
) -> None:
    desk.warnings = ["The split train has 0 of 12 reviews."]

    ended = command(desk, tmp_path, "training/pull.py")

    assert (ended.returncode, ended.stdout) == (0, f"{tmp_path}\n")
    assert ended.stderr == "Warning: The split train has 0 of 12 reviews.\n"


@pytest.mark.parametrize("warnings", [None, "nonsense", 7, [None, {"a": 1}]])
def test_warnings_that_make_no_sense_are_not_said(
    desk: DeskOfFiles, tmp_path: Path, warnings: object
) -> None:
    desk.warnings = warnings

    ended = command(desk, tmp_path, "training/pull.py")

    assert (ended.returncode, ended.stderr) == (0, "")


def command(
    desk: DeskOfFiles, folder: Path, *program: str, token: str = TOKEN
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *program, desk.url, "lines", "3", str(folder)],
        env={**os.environ, "COPYDESK_TOKEN": token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
