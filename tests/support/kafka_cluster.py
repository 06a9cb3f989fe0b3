"""A real Apache Kafka in KRaft mode, one node or several, on free ports of 127.0.0.1.

**Rule**: ready means that a client was answered, not that a port is open. A node keeps its ports and its data when it is
stopped and started again. Topics are never made by accident: the broker creates none by itself.
"""

from __future__ import annotations

import base64
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from support.child_process import ChildProcess
from support.free_ports import free_port
from support.maven_cache import QUICK_START, kafka_folder

_READY_WITHIN_S = 90.0
_LOG4J = """status=error
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %c %m%n
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
"""


class KafkaCluster:
    """A cluster of `nodes` combined brokers and controllers; everything it writes is under `folder`."""

    def __init__(self, folder: Path, nodes: int = 1) -> None:
        self._folder = folder
        self._ports = {node: (free_port(), free_port()) for node in range(1, nodes + 1)}
        self._running: dict[int, ChildProcess] = {}

    @property
    def bootstrap_servers(self) -> str:
        """The addresses of all nodes, as clients take them."""
        return ",".join(f"127.0.0.1:{port}" for port, _ in self._ports.values())

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Format and start all nodes and wait until a client lists topics."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "log4j2.properties").write_text(_LOG4J)
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode().replace("-", "A")
        for formatting in [self._format(node, cluster_id) for node in self._ports]:
            formatting.until_done(within_s=_READY_WITHIN_S)
        for node in self._ports:
            self._launch(node)
        for node in self._ports:
            self._until_ready(node)

    def stop(self) -> None:
        """Stop all nodes that run."""
        for node in self._running:
            self._running[node].terminate()
        for node in list(self._running):
            self.stop_node(node)

    def stop_node(self, node: int) -> None:
        """Stop one node, politely."""
        self._running.pop(node).stop(grace_s=15.0)

    def kill_node(self, node: int) -> None:
        """End one node as a power cut would."""
        self._running.pop(node).kill()

    def start_node(self, node: int) -> None:
        """Start a stopped node again, on its old ports and data, and wait until it answers."""
        self._launch(node)
        self._until_ready(node)

    def _launch(self, node: int) -> None:
        command = ["java", "-Xmx512m", *self._java(), "kafka.Kafka", str(self._properties_file(node))]
        self._running[node] = ChildProcess(command, self._folder / f"node-{node}.log", folder=self._folder)

    def _until_ready(self, node: int) -> None:
        client = AdminClient({"bootstrap.servers": f"127.0.0.1:{self._ports[node][0]}", "log_level": 0})

        def lists_topics() -> bool:
            try:
                return bool(client.list_topics(timeout=2).brokers)
            except KafkaException:
                return False

        self._running[node].until_ready(lists_topics, f"Kafka node {node} lists its topics", _READY_WITHIN_S)

    def _format(self, node: int, cluster_id: str) -> ChildProcess:
        file = self._properties_file(node)
        file.write_text("".join(f"{name}={value}\n" for name, value in self._properties(node).items()))
        command = ["java", *QUICK_START, *self._java(), "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(file)]
        return ChildProcess(command, self._folder / f"format-{node}.log", folder=self._folder)

    def _properties_file(self, node: int) -> Path:
        return self._folder / f"node-{node}.properties"

    def _properties(self, node: int) -> dict[str, str | int]:
        client_port, controller_port = self._ports[node]
        replicas = min(3, len(self._ports))
        return {
            "node.id": node,
            "process.roles": "broker,controller",
            "listeners": f"PLAINTEXT://127.0.0.1:{client_port},CONTROLLER://127.0.0.1:{controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{client_port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": ",".join(f"{number}@127.0.0.1:{port}" for number, (_, port) in self._ports.items()),
            "log.dirs": str(self._folder / f"data-{node}"),
            "auto.create.topics.enable": "false",
            "num.partitions": 1,
            "default.replication.factor": replicas,
            "min.insync.replicas": max(1, replicas - 1),
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": max(1, replicas - 1),
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": max(1, replicas - 1),
            "share.coordinator.state.topic.num.partitions": 4,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 2000,
            "log.message.timestamp.before.max.ms": 9_223_372_036_854_775_807,
        }

    def _java(self) -> list[str]:
        return [f"-Dlog4j2.configurationFile={self._folder / 'log4j2.properties'}", "-cp", f"{kafka_folder()}/*"]
