"""Say something to an address that somebody has typed in, without being led anywhere inside.

A name is looked up once, every address that it has must be one of the open internet, and the
connection goes to the very address that was looked at: no second look-up, no redirect, no proxy of
the environment. What the other side answers is never read beyond its status. No Django.
"""

import http.client
import re
import socket
import ssl
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from queue import Empty, SimpleQueue
from threading import Event, Thread, Timer
from typing import Final
from urllib.parse import urlsplit

from accounts.words import translatable

MOST_CHARACTERS: Final = 500
CONNECT_S: Final = 5.0
WHOLE_S: Final = 10.0
"""From the look-up to the status, however slowly the other side speaks."""

# Of a name, or of an address of either kind.
_HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+(?:%[a-z0-9._-]+)?")
_PORTS: Final = {"https": 443, "http": 80}
# Addresses of the new kind that carry one of the old kind, which may be an inner one.
_CARRIERS: Final = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))


TOO_LONG: Final = translatable("An address has at most %(most)s characters, all of ASCII.")
NO_ADDRESS: Final = translatable("This is no address, such as https://ci.example/datasets.")
TELLS_SECRETS: Final = translatable("An address holds no name, password or fragment.")
NOT_SAFE: Final = translatable("An address begins with https://.")
IS_INSIDE: Final = translatable(
    "%(host)s is an address inside; whoever runs the desk can allow it."
)
LEADS_INSIDE: Final = translatable(
    "%(host)s is %(place)s, an address inside; whoever runs the desk can allow it."
)
NO_SAFE_CONNECTION: Final = translatable("No safe connection: %(why)s.")
TOO_LATE: Final = translatable("It did not answer in time.")
UNREACHABLE: Final = translatable("It cannot be reached: %(why)s.")
NOT_UNDERSTOOD: Final = translatable("It cannot be understood: %(why)s.")
LOOKED_UP_TOO_LATE: Final = translatable("The name %(host)s could not be looked up in time.")
UNKNOWN_NAME: Final = translatable("The name %(host)s cannot be looked up.")
SENTENCES: Final = (
    *(TOO_LONG, IS_INSIDE, LEADS_INSIDE, NO_SAFE_CONNECTION, UNREACHABLE, NOT_UNDERSTOOD),
    *(LOOKED_UP_TOO_LATE, UNKNOWN_NAME),
)
"""What a CannotSend says with something in its places, for whoever translates it."""


class CannotSend(Exception):
    """Nothing was delivered; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that may be sent to, as far as it can be seen from its words."""

    scheme: str
    host: str
    port: int
    path: str
    is_inner: bool
    """The desk's settings allow this host, wherever it is."""


def target_of(address: str, inner_hosts: Collection[str] = ()) -> Target:
    """Read an address. Raises CannotSend where nothing is ever sent to such a one.

    `inner_hosts` are names that may lie inside, and may be spoken to without TLS.
    """
    if len(address) > MOST_CHARACTERS or not address.isascii() or not address.isprintable():
        raise CannotSend(TOO_LONG % {"most": MOST_CHARACTERS})
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise CannotSend(NO_ADDRESS) from None
    is_one = parts.scheme in _PORTS and _HOST.fullmatch(host) and port != 0
    if not is_one or " " in address:
        raise CannotSend(NO_ADDRESS)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise CannotSend(TELLS_SECRETS)
    is_inner = host in inner_hosts
    if parts.scheme == "http" and not is_inner:
        raise CannotSend(NOT_SAFE)
    with suppress(ValueError):
        if not is_inner and not _is_open(ip_address(host)):
            raise CannotSend(IS_INSIDE % {"host": host})
    path = parts.path or "/"
    return Target(
        parts.scheme,
        host,
        port or _PORTS[parts.scheme],
        f"{path}?{parts.query}" if parts.query else path,
        is_inner,
    )


def post(target: Target, body: bytes, headers: Mapping[str, str]) -> int:
    """Send a body by POST and return the status of the answer, which is not read further.

    Takes at most WHOLE_S and a moment. Raises CannotSend where nothing came back.
    """
    place = _looked_up(target)
    connection = _connection(target, place)
    was_cut = Event()
    clock = Timer(WHOLE_S, _cut, [connection, was_cut])
    clock.daemon = True
    clock.start()
    try:
        connection.request("POST", target.path, body, dict(headers))
        status = connection.getresponse().status
        if was_cut.is_set():  # and what was read so far looks like a whole answer
            raise TimeoutError
        return status
    except ssl.SSLError as error:
        raise CannotSend(NO_SAFE_CONNECTION % {"why": error.reason or error}) from error
    except TimeoutError as error:
        raise CannotSend(TOO_LATE) from error
    except (OSError, http.client.HTTPException) as error:
        raise CannotSend(TOO_LATE if was_cut.is_set() else _why(error)) from error
    finally:
        clock.cancel()
        connection.close()


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return UNREACHABLE % {"why": error.strerror}
    return NOT_UNDERSTOOD % {"why": type(error).__name__}


def _looked_up(target: Target) -> str:
    """Return the one address to connect to. Raises CannotSend where it may not be spoken to."""
    answers: SimpleQueue[list[str] | OSError] = SimpleQueue()
    # The system's own look-up knows no time limit; nobody waits for a thread that is left behind.
    Thread(target=_look_up, args=(target, answers), daemon=True).start()
    try:
        found = answers.get(timeout=CONNECT_S)
    except Empty:
        raise CannotSend(LOOKED_UP_TOO_LATE % {"host": target.host}) from None
    if isinstance(found, OSError) or not found:
        raise CannotSend(UNKNOWN_NAME % {"host": target.host})
    inside = [each for each in found if not _is_open(ip_address(each))]
    if inside and not target.is_inner:
        raise CannotSend(LEADS_INSIDE % {"host": target.host, "place": inside[0]})
    return found[0]


def _look_up(target: Target, answers: "SimpleQueue[list[str] | OSError]") -> None:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        answers.put(error if isinstance(error, OSError) else OSError(str(error)))
    else:
        answers.put([str(where[0]).partition("%")[0] for *_kind, where in found])


def _is_open(place: IPv4Address | IPv6Address) -> bool:
    """Whether this is an address of the open internet and of nothing else."""
    if isinstance(place, IPv6Address):
        if place.ipv4_mapped:
            return _is_open(place.ipv4_mapped)
        if place.sixtofour or place.teredo or any(place in net for net in _CARRIERS):
            return False
    return place.is_global and not place.is_multicast


def _connection(target: Target, place: str) -> http.client.HTTPConnection:
    if target.scheme == "http":
        return _Pinned(target, place)
    return _PinnedSafe(target, place)


class _Pinned(http.client.HTTPConnection):
    """Connects to the address that was looked at, and calls it by its name."""

    def __init__(self, target: Target, place: str) -> None:
        super().__init__(target.host, target.port, timeout=CONNECT_S)
        self._place = place

    def connect(self) -> None:
        self.sock = socket.create_connection((self._place, self.port), self.timeout)


class _PinnedSafe(http.client.HTTPSConnection):
    """The same, with TLS: the certificate has to be of the name."""

    def __init__(self, target: Target, place: str) -> None:
        self._safely = ssl.create_default_context()
        super().__init__(target.host, target.port, timeout=CONNECT_S, context=self._safely)
        self._place = place

    def connect(self) -> None:
        plain = socket.create_connection((self._place, self.port), self.timeout)
        self.sock = self._safely.wrap_socket(plain, server_hostname=self.host)


def _cut(connection: http.client.HTTPConnection, was_cut: Event) -> None:
    was_cut.set()
    sock = connection.sock
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
