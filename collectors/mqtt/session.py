"""The connection: messages wait here until they are durable, then they are acknowledged."""

import ssl
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from collectors.mqtt.settings import MqttSettings

# A broker that gives our name to another client ends our connection, often without a word.
_SHORT_SECONDS: Final = 10.0
_MAX_SHORT: Final = 3
_REST_SECONDS: Final = 300.0
_KEEP_ALIVE_SECONDS: Final = 30
_PACKET_MARGIN: Final = 70_000  # the longest topic and its header


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came.

    Attributes:
        arrived: Monotonic seconds.
    """

    number: int
    qos: int
    topic: str
    payload: bytes
    retained: bool
    arrived: float


class Session:
    """One connection to a broker, made again by itself whenever it breaks."""

    def __init__(self, settings: MqttSettings) -> None:
        self._settings = settings
        self._messages: deque[Message] = deque()
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._short = 0
        self._stood_at = 0.0
        self._rests_until = 0.0
        self.connected = False
        self.problem = ("no answer yet", "timeout")
        self._client = self._make()

    def open(self, seconds: float) -> bool:
        """Waits until the connection stands; False when it does not."""
        if self.problem[1] == "in_use" and time.monotonic() > self._rests_until:
            self._client.loop_stop()
            self._short, self.problem = 0, ("no answer yet", "timeout")
            self._client = self._make()
        if not self._client.is_connected() and self._client.host == "":
            settings = self._settings
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own gap
            properties.SessionExpiryInterval = settings.session_seconds
            properties.MaximumPacketSize = settings.max_payload_bytes + _PACKET_MARGIN
            properties.ReceiveMaximum = min(settings.max_messages, 65_535)
            self._client.connect_async(
                settings.host,
                settings.port,
                _KEEP_ALIVE_SECONDS,
                clean_start=False,
                properties=properties,
            )
            self._client.loop_start()
        end = time.monotonic() + seconds
        while not self.connected and self.problem[1] in {"timeout", "refused", "gone"}:
            left = end - time.monotonic()
            if left <= 0:
                break
            self._changed.wait(left)
            self._changed.clear()
        return self.connected

    def take(self) -> list[Message]:
        """Returns what has come and was not taken yet."""
        with self._lock:
            taken = list(self._messages)
            self._messages.clear()
        return taken

    def acknowledge(self, messages: list[Message]) -> None:
        """Tells the broker that the messages need not be kept."""
        for message in messages:
            if message.qos:
                self._client.ack(message.number, message.qos)

    def publish(self, topic: str, payload: bytes) -> None:
        """Sends one message, once at most."""
        self._client.publish(topic, payload)

    def close(self) -> None:
        """Leaves; the broker keeps what was not acknowledged."""
        self._client.disconnect()
        self._client.loop_stop()

    def _make(self) -> paho.Client:
        settings = self._settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        if settings.username:
            password = settings.password.reveal() if settings.password else None
            client.username_pw_set(settings.username, password)
        if settings.tls:
            context = ssl.create_default_context(cafile=settings.ca_file or None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            client.tls_set_context(context)
        client.reconnect_delay_set(1, 60)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: Any, _data: Any, _flags: Any, reason: Any, _props: Any) -> None:
        if reason.is_failure:
            self._tell(f"the broker refuses the connection: {reason}", "auth")
            return
        # Also after a lost session: subscribing again costs nothing where it was kept.
        # Retained messages have no time of their own: what is new comes anyway.
        options = SubscribeOptions(qos=self._settings.qos, retainHandling=2)
        client.subscribe([(rule.topic, options) for rule in self._settings.topics])

    def _on_subscribe(self, _client: Any, _data: Any, _mid: Any, reasons: Any, _props: Any) -> None:
        refused = [
            rule.topic
            for rule, reason in zip(self._settings.topics, reasons, strict=False)
            if reason.is_failure
        ]
        if refused:
            self._tell(f"the broker refuses the topics {', '.join(refused)[:200]}", "auth")
            return
        self.connected = True
        self._stood_at = time.monotonic()
        self._changed.set()

    def _on_connect_fail(self, _client: Any, _data: Any) -> None:
        error = sys.exception()  # it is being handled where this is called
        if isinstance(error, ssl.SSLError):
            words = getattr(error, "verify_message", "") or error.reason
            self._tell(f"TLS: {words}", "tls")
            return
        self._tell("no broker answers there", "refused")

    def _on_disconnect(
        self, client: Any, _data: Any, _flags: Any, reason: Any, _props: Any
    ) -> None:
        # What was not acknowledged comes again with new numbers.
        with self._lock:
            self._messages.clear()
        now = time.monotonic()
        short = self.connected and now - self._stood_at < _SHORT_SECONDS
        self._short = self._short + 1 if short else 0
        if self._short >= _MAX_SHORT:
            words = f"ended {self._short} times right after it stood: client id in use elsewhere?"
            self._tell(words, "in_use")
            self._rests_until = now + _REST_SECONDS
            client.disconnect()
            return
        self._tell(f"the connection ended: {reason}", "gone")

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        kept = Message(
            message.mid,
            message.qos,
            message.topic,
            message.payload,
            message.retain,
            time.monotonic(),
        )
        with self._lock:
            if len(self._messages) < self._settings.max_messages or message.qos:
                self._messages.append(kept)

    def _tell(self, words: str, kind: str) -> None:
        if self.problem[1] != "in_use":  # that one is for good
            self.problem = (words, kind)
        self.connected = False
        self._changed.set()
