"""A real gunicorn sends files beside its threads, and a line that breaks loses nothing."""

import hashlib
import http.client
import random
import socket
from pathlib import Path
from typing import Any

import pgtrigger
import pytest

from accounts.models import Person
from feedback.models import Dataset, DatasetFile
from feedback.services.datasets import storage
from tests.conftest import TokenMaker
from tests.feedback.running_web import PATIENCE_S, answers, breaking_line, web_server
from tests.feedback.test_downloads import file  # noqa: F401 - a fixture
from training.pull import pull

pytestmark = pytest.mark.django_db(transaction=True)

BIG = 24_000_000


@pytest.fixture
def big(file: DatasetFile) -> DatasetFile:  # noqa: F811 - the fixture
    """A file larger than what the buffers of two sockets hold."""
    line = b'{"text": "' + b"x" * 89 + b'"}\n'
    content = line * (BIG // len(line))
    made = DatasetFile(
        dataset=file.dataset,
        path="big.jsonl",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    path = storage.local_path(made)
    assert path is not None
    path.parent.chmod(0o700)
    path.write_bytes(content)
    with pgtrigger.ignore("feedback.DatasetFile:dataset_file_is_of_a_build"):
        made.save()
    return made


def address(of: DatasetFile) -> str:
    dataset: Dataset = of.dataset
    return f"/api/v1/datasets/{dataset.name}/{dataset.number}/files/{of.path}"


def slow_reader(port: int, of: DatasetFile, token: str) -> http.client.HTTPResponse:
    """A download that has begun, and whose reader takes no more of it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.connect()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    connection.request("GET", address(of), headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    assert answer.read(10)
    return answer


def test_readers_who_take_their_time_hold_no_thread(
    big: DatasetFile, ml_engineer: Person, token_for: TokenMaker
) -> None:
    token = token_for(ml_engineer, "datasets:read")
    with web_server(threads=2) as port:
        readers = [slow_reader(port, big, token) for _ in range(8)]

        assert answers(port)

        for reader in readers:
            digest = hashlib.sha256(b'{"text": "')
            digest.update(reader.read())
            assert digest.hexdigest() == big.sha256
            reader.close()


def test_a_pull_over_a_line_that_breaks_twenty_times_has_the_right_checksum(
    big: DatasetFile, ml_engineer: Person, token_for: TokenMaker, tmp_path: Path
) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    cuts = [chance.randrange(2_000, BIG // 15) for _ in range(20)]
    token = token_for(ml_engineer, "datasets:read")
    with (
        web_server(threads=2) as port,
        breaking_line(port, lambda: cuts.pop() if cuts else None) as line,
    ):
        part = tmp_path / "big.jsonl"
        fetched = _fetch(line, big, token, part)

    assert hashlib.sha256(part.read_bytes()).hexdigest() == big.sha256, seed
    assert fetched >= 20, seed


def _fetch(port: int, of: DatasetFile, token: str, target: Path) -> int:
    """Pull one file that no manifest names; return how many requests it took."""
    from training import pull as pulling

    client = pulling._Client(f"http://127.0.0.1:{port}", token, 0.0)
    described = pulling.DatasetFile(of.path, of.bytes, of.sha256, None)
    requests = 0
    append = client._append

    def counted(*arguments: Any) -> None:
        nonlocal requests
        requests += 1
        append(*arguments)

    client._append = counted  # type: ignore[method-assign, assignment]
    with target.open("a+b") as opened:
        client.download(of.dataset.name, str(of.dataset.number), described, opened)
    return requests


def test_the_client_pulls_a_whole_dataset_from_a_real_desk(
    file: DatasetFile,  # noqa: F811 - the fixture
    ml_engineer: Person,
    token_for: TokenMaker,
    tmp_path: Path,
) -> None:
    token = token_for(ml_engineer, "datasets:read")
    with web_server(threads=2) as port:
        folder = pull(f"http://127.0.0.1:{port}", "music-sft", "newest", tmp_path, token)

    assert folder == tmp_path / "music-sft-1"
    assert (folder / "manifest.json").exists()
