"""Where the desk looks for its parts."""

import json
import os
import stat
import threading
from pathlib import Path
from urllib.parse import unquote

import pytest

from editorial.stack import secrets
from editorial.stack.addresses import remember_ports, resolve
from editorial.stack.errors import StackError
from editorial.stack.home import Home

OUTSIDE = {
    "DATABASE_URL": "postgresql://desk:pw@db.example/desk",
    "BROKER_URL": "redis://broker.example/0",
    "LLM_URL": "http://gpu.example:8000/v1",
    "SECRET_KEY": "x" * 50,
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "desk's home")


def test_with_nothing_set_everything_lies_in_the_home(home: Home) -> None:
    addresses = resolve({"COPYDESK_HOME": str(home.root)})

    assert addresses.home == home.root
    assert unquote(addresses.database_url).endswith(f"?host={home.database}")
    assert unquote(addresses.broker_url) == f"redis+socket://{home.broker_socket}"
    assert len(addresses.secret_key) >= 50


def test_the_home_lies_in_the_checkout_unless_the_environment_names_another() -> None:
    checkout = Path(__file__).resolve().parents[2]
    assert Home.of({}).root == checkout / ".copydesk"
    assert Home.of({"COPYDESK_HOME": "elsewhere"}).root == Path.cwd() / "elsewhere"


@pytest.mark.parametrize("name", OUTSIDE)
def test_each_variable_wins_by_itself(home: Home, name: str) -> None:
    embedded = resolve({"COPYDESK_HOME": str(home.root)})
    addresses = resolve({"COPYDESK_HOME": str(home.root), name: OUTSIDE[name]})

    for field in ("database_url", "broker_url", "llm_url", "secret_key"):
        expected = OUTSIDE[name] if field.upper() == name else getattr(embedded, field)
        assert getattr(addresses, field) == expected


def test_with_everything_set_the_home_is_not_touched(home: Home) -> None:
    resolve({"COPYDESK_HOME": str(home.root), **OUTSIDE})

    assert not home.root.exists()


def test_the_embedded_key_is_not_sent_to_a_server_outside(home: Home) -> None:
    addresses = resolve({"COPYDESK_HOME": str(home.root), "LLM_URL": OUTSIDE["LLM_URL"]})

    assert addresses.llm_api_key == ""


def test_the_model_server_is_found_at_the_port_of_the_last_start(home: Home) -> None:
    environment = {"COPYDESK_HOME": str(home.root)}
    assert resolve(environment).llm_url == ""

    home.prepare()
    remember_ports(home, {"web": 8000, "model_server": 4567})

    assert resolve(environment).llm_url == "http://127.0.0.1:4567/v1"


def test_ports_cut_short_count_as_none(home: Home) -> None:
    home.prepare()
    home.ports.write_text('{"model_server": 45')

    assert resolve({"COPYDESK_HOME": str(home.root)}).llm_url == ""


def test_secrets_are_made_once_and_are_nobody_elses(home: Home) -> None:
    first = secrets.keep(home)

    assert secrets.keep(home) == first
    assert stat.S_IMODE(home.secrets.stat().st_mode) == 0o600
    assert [path.name for path in home.root.iterdir()] == ["secrets.json"]


def test_two_homes_share_no_secret(tmp_path: Path) -> None:
    one = json.loads(_kept(tmp_path / "one"))
    other = json.loads(_kept(tmp_path / "other"))

    assert not set(one.values()) & set(other.values())


def _kept(root: Path) -> str:
    secrets.keep(Home(root))
    return Home(root).secrets.read_text()


def test_many_first_users_agree_on_the_secrets(home: Home) -> None:
    kept: list[secrets.Secrets] = []
    threads = [threading.Thread(target=lambda: kept.append(secrets.keep(home))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(kept) == 16
    assert len(set(kept)) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"secret_key": "x"}'])
def test_damaged_secrets_are_named_and_never_replaced(home: Home, content: str) -> None:
    home.root.mkdir()
    home.secrets.write_text(content)

    with pytest.raises(StackError, match="is damaged"):
        secrets.keep(home)

    assert home.secrets.read_text() == content


def test_a_home_that_is_a_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StackError, match="COPYDESK_HOME"):
        resolve({"COPYDESK_HOME": str(tmp_path / "file")})
    with pytest.raises(StackError, match="COPYDESK_HOME"):
        Home(tmp_path / "file").prepare()


def test_a_path_too_long_for_a_socket_is_refused_with_the_length_that_fits(tmp_path: Path) -> None:
    too_long = Home(tmp_path / ("x" * 100))

    with pytest.raises(StackError, match="at most 84 bytes"):
        too_long.prepare()

    assert not too_long.root.exists()


def test_a_nearly_full_disk_is_refused_before_anything_starts(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = os.statvfs(home.root.parent)
    usage = type("Usage", (), {"total": disk.f_blocks, "used": 0, "free": 5_000_000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)

    with pytest.raises(StackError, match="5 MB free"):
        home.prepare()
