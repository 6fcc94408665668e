"""Webhooks: told when a dataset is ready, signed, again until it gets through, and never inside."""

import hmac
import json
import socket
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.utils import translation

from accounts.models import Person
from explanations import nudge
from explanations.models import Task
from feedback import outgoing
from feedback.models import Dataset, Webhook, WebhookDelivery
from feedback.outgoing import CannotSend, post, target_of
from feedback.recipe import read_recipe
from feedback.services.datasets.attempt import Attempt, claim
from feedback.services.datasets.creating import create_dataset
from feedback.services.webhooks.addresses import AddressRefused, add_address, retire_address
from feedback.services.webhooks.deliveries import (
    MOST_ATTEMPTS,
    problem_in_words,
    send_again,
    send_due,
)
from feedback.services.webhooks.signing import signature
from tests.conftest import TokenMaker, bearer
from tests.editorial.test_api import assert_problem

pytestmark = pytest.mark.django_db(transaction=True)

INNER = "127.0.0.1"
State = WebhookDelivery.State


class Receiver:
    """A server of somebody else's, on this machine: what it got, and what it answers."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[Callable[[BaseHTTPRequestHandler], None]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append((self.path, headers, body))
                answer = receiver.answers.pop(0) if receiver.answers else status(204)
                answer(self)

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer((INNER, 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        return f"http://{INNER}:{self.server.server_port}/told?by=desk"


def status(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    made.thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


@pytest.fixture(autouse=True)
def inner_hosts(settings: Any) -> None:
    """The desk of these tests may speak to this machine; each test that may not takes it back."""
    settings.WEBHOOK_INNER_HOSTS = [INNER]


@pytest.fixture
def becomes_ready(music_task: Task, ml_engineer: Person) -> Callable[..., Dataset]:
    def make(name: str = "music-sft") -> Dataset:
        recipe = read_recipe({"name": name, "tasks": ["music-oneliner"]})
        dataset = claim(create_dataset(recipe, ml_engineer, uuid4()).pk)
        assert dataset is not None
        with transaction.atomic():
            Attempt(dataset).end_ready([], 7, {})
        return dataset

    return make


def now_due() -> None:
    """All rests are over."""
    WebhookDelivery.objects.filter(state=State.WAITING).update(next_at="2026-01-01T00:00Z")


# What is said ------------------------------------------------------------------------------------


def test_an_address_is_told_of_a_dataset_that_is_ready(
    receiver: Receiver, ml_engineer: Person, becomes_ready: Callable[..., Dataset]
) -> None:
    webhook, secret = add_address(receiver.address, "", ml_engineer)
    becomes_ready()

    assert send_due() == 1

    [(path, headers, body)] = receiver.got
    said = json.loads(body)
    assert path == "/told?by=desk"
    assert said["type"] == "dataset.ready"
    assert said["data"]["name"] == "music-sft"
    assert said["data"]["reviews"] == 7
    assert said["data"]["manifest"] == "/api/v1/datasets/music-sft/1/files/manifest.json"
    delivery = webhook.deliveries.get()
    assert (delivery.state, delivery.attempts, delivery.problem) == (State.DELIVERED, 1, "")
    assert headers["webhook-id"] == str(delivery.message)
    assert headers["webhook-signature"] == by_the_receiver(secret, headers, body)
    assert send_due() == 0


def by_the_receiver(secret: str, headers: dict[str, str], body: bytes) -> str:
    """The signature as somebody works it out who has the secret and the standard."""

    said = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    key = b64decode(secret.removeprefix("whsec_"))
    return "v1," + b64encode(hmac.new(key, said, "sha256").digest()).decode()


def test_the_signature_is_that_of_the_standard() -> None:
    """Key, message and signature of the example in the documentation of Standard Webhooks."""

    key = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    said = b'{"test": 2432232314}'

    assert signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, said) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_only_the_wanted_name_is_told_and_a_retired_address_nothing(
    receiver: Receiver, ml_engineer: Person, becomes_ready: Callable[..., Dataset]
) -> None:
    add_address(receiver.address, "jobs-sft", ml_engineer)
    retired, _secret = add_address(receiver.address, "", ml_engineer)
    becomes_ready("first")
    retire_address(retired.pk, ml_engineer)
    becomes_ready("second")
    becomes_ready("jobs-sft")

    send_due()

    assert [json.loads(body)["data"]["name"] for *_rest, body in receiver.got] == ["jobs-sft"]
    waited = retired.deliveries.get()
    assert (waited.state, waited.problem) == (State.FAILED, "The address was retired.")


def test_a_failed_build_tells_nobody(
    receiver: Receiver, ml_engineer: Person, music_task: Task
) -> None:
    add_address(receiver.address, "", ml_engineer)
    recipe = read_recipe({"name": "music-sft", "tasks": ["music-oneliner"]})
    dataset = claim(create_dataset(recipe, ml_engineer, uuid4()).pk)
    assert dataset is not None

    Attempt(dataset).end_failed("No golden fits this recipe.")

    assert not WebhookDelivery.objects.exists()


# Again and again ---------------------------------------------------------------------------------


def test_what_does_not_get_through_is_sent_again_after_a_rest_with_the_same_words(
    receiver: Receiver, ml_engineer: Person, becomes_ready: Callable[..., Dataset]
) -> None:
    receiver.answers = [status(500), status(200)]
    webhook, _secret = add_address(receiver.address, "", ml_engineer)
    becomes_ready()

    send_due()
    delivery = webhook.deliveries.get()
    assert (delivery.state, delivery.problem) == (State.WAITING, "It answered 500.")
    assert delivery.next_at > delivery.created_at
    assert send_due() == 0

    now_due()
    send_due()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.DELIVERED, 2)
    first, second = receiver.got
    assert first[2] == second[2]
    assert first[1]["webhook-id"] == second[1]["webhook-id"]


def test_it_is_given_up_in_the_end_and_can_be_sent_once_more(
    receiver: Receiver, ml_engineer: Person, becomes_ready: Callable[..., Dataset]
) -> None:
    receiver.answers = [status(503)] * MOST_ATTEMPTS
    webhook, _secret = add_address(receiver.address, "", ml_engineer)
    becomes_ready()

    for _attempt in range(MOST_ATTEMPTS + 2):
        now_due()
        send_due()

    delivery = webhook.deliveries.get()
    assert (delivery.state, delivery.problem) == (State.FAILED, "It answered 503.")
    assert len(receiver.got) == MOST_ATTEMPTS

    assert send_again(delivery.pk, ml_engineer)
    send_due()
    delivery.refresh_from_db()
    assert delivery.state == State.DELIVERED
    assert not send_again(delivery.pk, ml_engineer)


def test_an_answer_of_410_ends_it_at_once(
    receiver: Receiver, ml_engineer: Person, becomes_ready: Callable[..., Dataset]
) -> None:
    receiver.answers = [status(410)]
    webhook, _secret = add_address(receiver.address, "", ml_engineer)
    becomes_ready()

    send_due()

    assert webhook.deliveries.get().state == State.FAILED


def test_who_took_longer_than_the_lease_writes_nothing(
    receiver: Receiver, ml_engineer: Person, becomes_ready: Callable[..., Dataset]
) -> None:
    """A second sender delivers while the first still waits for its answer, which is a refusal."""
    webhook, _secret = add_address(receiver.address, "", ml_engineer)

    def meanwhile(handler: BaseHTTPRequestHandler) -> None:
        WebhookDelivery.objects.update(lease_until="2026-01-01T00:00Z")
        send_due()
        status(500)(handler)

    receiver.answers = [meanwhile, status(200)]
    becomes_ready()

    send_due()

    delivery = webhook.deliveries.get()
    assert (delivery.state, delivery.attempts, delivery.problem) == (State.DELIVERED, 2, "")


def test_a_receiver_that_hangs_or_drips_is_left_in_time(
    receiver: Receiver,
    ml_engineer: Person,
    becomes_ready: Callable[..., Dataset],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outgoing, "WHOLE_S", 0.5)
    let_go = threading.Event()

    def hang(_handler: BaseHTTPRequestHandler) -> None:
        let_go.wait(60)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not let_go.wait(0.05):
            try:
                handler.wfile.write(b"X: y\r\n")
                handler.wfile.flush()
            except OSError:
                return

    receiver.answers = [hang, drip]
    webhook, _secret = add_address(receiver.address, "", ml_engineer)
    becomes_ready()

    for _time in range(2):
        now_due()
        send_due()
        assert webhook.deliveries.get().problem == "It did not answer in time."
    let_go.set()


def test_a_dead_receiver_is_said_to_be_unreachable(
    ml_engineer: Person, becomes_ready: Callable[..., Dataset]
) -> None:
    with socket.create_server((INNER, 0)) as taken:
        port = taken.getsockname()[1]
    webhook, _secret = add_address(f"http://{INNER}:{port}/", "", ml_engineer)
    becomes_ready()

    send_due()

    assert webhook.deliveries.get().problem.startswith("It cannot be reached")


# Never inside ------------------------------------------------------------------------------------


def test_nobody_is_followed_elsewhere(
    receiver: Receiver, ml_engineer: Person, becomes_ready: Callable[..., Dataset]
) -> None:
    inner = Receiver()
    inner.thread.start()
    receiver.answers = [status(302, Location=inner.address)]
    webhook, _secret = add_address(receiver.address, "", ml_engineer)
    becomes_ready()

    send_due()
    inner.server.shutdown()
    inner.server.server_close()

    assert inner.got == []
    assert "follows nobody" in webhook.deliveries.get().problem


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "http://ci.example/",
        "ftp://ci.example/",
        "https://somebody:secret@ci.example/",
        "https://ci.example/#part",
        "https:///path",
        "https://ci.example:99999/",
        "https://ci.example:0/",
        "https://<script>/",
        "https://ci.exämple/",
        "https://ci.example/a b",
        "https://ci.example/\r\nHost: inside",
        "ci.example",
        "https://ci.example/" + "x" * 500,
    ],
)
def test_an_address_that_is_never_sent_to_is_refused_at_once(
    address: str, ml_engineer: Person, settings: Any
) -> None:
    settings.WEBHOOK_INNER_HOSTS = []
    with pytest.raises(AddressRefused):
        add_address(address, "", ml_engineer)
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    "places",
    [["127.0.0.1"], ["10.1.2.3"], ["93.184.215.14", "192.168.0.1"], ["::1"], ["fe80::1%eth0"]],
)
def test_a_name_that_leads_inside_is_not_connected_to(
    places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers(places))
    monkeypatch.setattr(socket, "create_connection", not_to_be_called)

    with pytest.raises(CannotSend, match="an address inside"):
        post(target_of("https://ci.example/"), b"", {})


def test_the_connection_goes_to_the_address_that_was_looked_at(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second look-up of the same name would lead elsewhere; there is none."""
    looked_up: list[str] = []
    first = answers([INNER])

    def only_once(host: str, *more: Any, **named: Any) -> Any:
        looked_up.append(host)
        assert looked_up == ["ci.inside"] or host == INNER
        return first(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", only_once)
    address = receiver.address.replace(INNER, "ci.inside")

    assert post(target_of(address, ["ci.inside"]), b"{}", {}) == 204
    assert looked_up.count("ci.inside") == 1
    assert receiver.got[0][1]["host"].startswith("ci.inside:")


def answers(places: list[str]) -> Callable[..., Any]:
    real = socket.getaddrinfo

    def answer(host: str, port: int, *more: Any, **named: Any) -> Any:
        if host in places:
            return real(host, port, *more, **named)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port)) for place in places]

    return answer


def not_to_be_called(*_arguments: object, **_named: object) -> None:
    raise AssertionError("nothing is to be connected to")


def test_a_name_that_nobody_knows_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_named: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(CannotSend, match="cannot be looked up"):
        post(target_of("https://ci.example/"), b"", {})


def test_what_came_back_is_said_in_the_readers_language(
    ml_engineer: Person, becomes_ready: Callable[..., Dataset]
) -> None:
    webhook, _secret = add_address("https://ci.example/", "", ml_engineer)
    becomes_ready()
    said = {
        "": "",
        "It answered 500.": "Sie hat mit 500 geantwortet.",
        "It answered 302, and the desk follows nobody elsewhere.": (
            "Sie hat mit 302 geantwortet, und der Desk folgt niemandem woandershin."
        ),
        "It answered 410: it is gone for good.": (
            "Sie hat mit 410 geantwortet: Es gibt sie nicht mehr."
        ),
        "ci.example is 10.0.0.1, an address inside; whoever runs the desk can allow it.": (
            "ci.example ist 10.0.0.1, eine Adresse im Inneren; wer den Desk betreibt, kann sie "
            "erlauben."
        ),
        "Something that another version said.": "Something that another version said.",
    }

    for problem, in_german in said.items():
        webhook.deliveries.update(problem=problem)
        assert problem_in_words(webhook.deliveries.get()) == problem
        with translation.override("de"):
            assert problem_in_words(webhook.deliveries.get()) == in_german


def test_why_an_address_is_refused_is_said_in_the_readers_language(
    ml_engineer: Person, settings: Any
) -> None:
    settings.WEBHOOK_INNER_HOSTS = []
    with translation.override("de"), pytest.raises(AddressRefused, match="eine Adresse im Inneren"):
        add_address("https://10.0.0.1/", "", ml_engineer)


# REST --------------------------------------------------------------------------------------------


@pytest.fixture
def program(ml_engineer: Person, token_for: TokenMaker) -> Client:
    return Client(headers=bearer(token_for(ml_engineer, "webhooks:write")))


def posted(program: Client, body: Any) -> Any:
    return program.post("/api/v1/webhooks/", body, content_type="application/json")


def test_a_program_adds_an_address_and_gets_its_secret_once(
    program: Client, receiver: Receiver, becomes_ready: Callable[..., Dataset]
) -> None:
    made = posted(program, {"address": receiver.address, "dataset_name": "music-sft"})
    becomes_ready()
    send_due()

    assert made.status_code == 201
    [(_path, headers, body)] = receiver.got
    secret = made.json()["secret"]
    assert headers["webhook-signature"] == by_the_receiver(secret, headers, body)
    read = program.get(made["Location"]).json()
    assert read == {name: value for name, value in made.json().items() if name != "secret"}
    assert (read["address"], read["dataset_name"]) == (receiver.address, "music-sft")
    assert program.get("/api/v1/webhooks/").json()["results"] == [read]


def test_a_program_retires_an_address_and_may_do_so_twice(
    program: Client, ml_engineer: Person
) -> None:
    webhook, _secret = add_address("https://ci.example/", "", ml_engineer)
    address = f"/api/v1/webhooks/{webhook.pk}/"

    assert [program.delete(address).status_code for _ in range(2)] == [204, 204]

    assert program.get("/api/v1/webhooks/").json()["results"] == []
    assert program.get(address).json()["retired_at"]


def test_a_program_reads_what_became_of_messages_and_sends_one_again(
    program: Client,
    receiver: Receiver,
    ml_engineer: Person,
    becomes_ready: Callable[..., Dataset],
) -> None:
    receiver.answers = [status(410)]
    webhook, _secret = add_address(receiver.address, "", ml_engineer)
    becomes_ready()
    send_due()
    address = f"/api/v1/webhooks/{webhook.pk}/deliveries/"

    [given_up] = program.get(address).json()["results"]
    assert (given_up["state"], given_up["attempts"]) == ("FAILED", 1)
    assert (given_up["dataset"], given_up["number"]) == ("music-sft", 1)
    assert given_up["problem"] == "It answered 410: it is gone for good."
    assert given_up["message"] == receiver.got[0][1]["webhook-id"]

    again = f"{address}{given_up['id']}/again/"
    assert program.post(again).json()["state"] == "WAITING"
    assert_problem(program.post(again), 409, "not_given_up")
    send_due()

    assert program.get(address).json()["results"][0]["state"] == "DELIVERED"
    assert len(receiver.got) == 2


def test_a_message_is_sent_again_only_at_its_own_address(
    program: Client,
    receiver: Receiver,
    ml_engineer: Person,
    becomes_ready: Callable[..., Dataset],
) -> None:
    receiver.answers = [status(410)]
    webhook, _secret = add_address(receiver.address, "", ml_engineer)
    other, _secret = add_address("https://ci.example/", "another-name", ml_engineer)
    becomes_ready()
    send_due()
    delivery = webhook.deliveries.get()

    wrong = program.post(f"/api/v1/webhooks/{other.pk}/deliveries/{delivery.pk}/again/")

    assert_problem(wrong, 404, "not_found")
    delivery.refresh_from_db()
    assert delivery.state == State.FAILED


def test_rubbish_is_told_by_its_field(program: Client, settings: Any) -> None:
    settings.WEBHOOK_INNER_HOSTS = []
    good = "https://ci.example/"
    for asked, where in (
        ({}, "/address"),
        ({"address": "https://10.0.0.1/"}, "/address"),
        ({"address": "https://[::ffff:169.254.169.254]/latest/meta-data"}, "/address"),
        ({"address": "http://ci.example/"}, "/address"),
        ({"address": 7}, "/address"),
        ({"address": [good]}, "/address"),
        ({"address": None}, "/address"),
        ({"address": good + "x" * 500}, "/address"),
        ({"address": good, "dataset_name": "../x"}, "/dataset_name"),
        ({"address": good, "dataset_name": "x" * 61}, "/dataset_name"),
        ({"address": good, "dataset_name": {}}, "/dataset_name"),
    ):
        problem = assert_problem(posted(program, asked), 400, "invalid")

        [error] = problem["errors"]
        assert (error["pointer"], bool(error["detail"])) == (where, True), asked
    assert not Webhook.objects.exists()


def test_what_there_is_not_is_not_found(program: Client) -> None:
    for address in ("999999999/", "99999999999999999999999999/", "999999999/deliveries/"):
        assert_problem(program.get(f"/api/v1/webhooks/{address}"), 404, "not_found")
    assert_problem(program.delete("/api/v1/webhooks/999999999/"), 404, "not_found")
    again = program.post("/api/v1/webhooks/999999999/deliveries/999999999/again/")
    assert_problem(again, 404, "not_found")


def test_who_may_build_datasets_with_a_program_may_not_say_who_is_told(
    ml_engineer: Person, token_for: TokenMaker
) -> None:
    builder = Client(headers=bearer(token_for(ml_engineer, "datasets:write", "datasets:read")))

    for answer in (
        builder.get("/api/v1/webhooks/"),
        posted(builder, {"address": "https://ci.example/"}),
    ):
        assert_problem(answer, 403, "permission_denied")


# The page ----------------------------------------------------------------------------------------


def test_the_secret_is_shown_once(ml_engineer_client: Client, ml_engineer: Person) -> None:
    asked = {"address": "https://ci.example/told-of-it", "dataset_name": "music-sft"}

    shown = ml_engineer_client.post("/webhooks/", asked).content.decode()
    assert "whsec_" in shown
    again = ml_engineer_client.get("/webhooks/").content.decode()
    assert "https://ci.example/told-of-it" in again
    assert "whsec_" not in again

    webhook = Webhook.objects.get()
    ml_engineer_client.post("/webhooks/", {"retire": webhook.pk})
    assert "told-of-it" not in ml_engineer_client.get("/webhooks/").content.decode()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"address": "https://10.0.0.1/"}, "an address inside"),
        ({"address": ""}, "This field is required"),
        ({"address": "https://ci.example/", "dataset_name": "a b"}, "Enter a valid"),
    ],
)
def test_a_wrong_address_is_said_at_its_field(
    ml_engineer_client: Client, asked: dict[str, str], said: str
) -> None:
    assert said in ml_engineer_client.post("/webhooks/", asked).content.decode()
    assert not Webhook.objects.exists()


def test_what_was_given_up_stands_on_the_page_and_is_sent_again_from_it(
    ml_engineer_client: Client,
    receiver: Receiver,
    ml_engineer: Person,
    becomes_ready: Callable[..., Dataset],
) -> None:
    receiver.answers = [status(410)]
    webhook, _secret = add_address(receiver.address, "", ml_engineer)
    becomes_ready()
    send_due()

    shown = ml_engineer_client.get("/webhooks/").content.decode()
    assert "It answered 410" in shown
    assert "given up" in shown

    ml_engineer_client.post("/webhooks/", {"again": webhook.deliveries.get().pk})
    send_due()
    assert webhook.deliveries.get().state == State.DELIVERED
    again = ml_engineer_client.post("/webhooks/", {"again": "x"}, follow=True)
    assert "not given up" in again.content.decode()


@pytest.mark.parametrize("unknown", ["0", "x", "9" * 30])
def test_an_address_that_there_is_not_is_not_retired(
    ml_engineer_client: Client, unknown: str
) -> None:
    assert ml_engineer_client.post("/webhooks/", {"retire": unknown}).status_code == 404
