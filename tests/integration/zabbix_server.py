"""A real Zabbix: server, PostgreSQL and frontend, each on a port of its own."""

import gzip
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.integration import postgresql
from tests.integration.collect.processes import answers, running
from tests.ports import free_port
from tests.waiting import wait_for

SERVER = Path("/usr/sbin/zabbix_server")
SCHEMA = Path("/usr/share/zabbix-server-pgsql")
FRONTEND = Path("/usr/share/zabbix")
_CONFIG = """
ListenPort={port}
ListenIP=127.0.0.1
LogType=console
PidFile={place}/server.pid
SocketDir={place}
DBHost=127.0.0.1
DBPort={database}
DBName=zabbix
DBUser=postgres
StartPollers=2
StartTrappers=2
StartDiscoverers=0
StartPingers=0
StartHTTPPollers=0
CacheSize=16M
AllowRoot=1
"""
_PHP = """<?php
$DB['TYPE']='POSTGRESQL'; $DB['SERVER']='127.0.0.1'; $DB['PORT']='{database}';
$DB['DATABASE']='zabbix'; $DB['USER']='postgres'; $DB['PASSWORD']=''; $DB['SCHEMA']='';
$DB['ENCRYPTION']=false; $DB['KEY_FILE']=''; $DB['CERT_FILE']=''; $DB['CA_FILE']='';
$DB['VERIFY_HOST']=false; $DB['CIPHER_LIST']=''; $DB['DOUBLE_IEEE754']=true; $DB['VAULT_URL']='';
$DB['VAULT_DB_PATH']=''; $DB['VAULT_TOKEN']='';
$ZBX_SERVER='127.0.0.1'; $ZBX_SERVER_PORT='{port}'; $ZBX_SERVER_NAME='test';
$IMAGE_FORMAT_DEFAULT=IMAGE_FORMAT_PNG;
"""


class RealZabbix:
    """What a test does as an administrator.

    Attributes:
        sent: Between which times the values of the last `send` were taken.
    """

    def __init__(self, url: str, port: int, config: Path) -> None:
        self.url = url
        self._port = port
        self._config = config
        self.sent = (0.0, 0.0)
        self._session = ""
        self._session = self.call("user.login", {"username": "Admin", "password": "zabbix"})

    def call(self, method: str, parameters: Any) -> Any:
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        if self._session:
            question["auth"] = self._session
        answer = httpx.post(
            f"{self.url}/api_jsonrpc.php", json=question, trust_env=False, timeout=60
        )
        told = answer.json()
        assert "result" in told, told
        return told["result"]

    def new_token(self) -> str:
        (told,) = (self.call("token.create", [{"name": f"t{time.time_ns()}"}])["tokenids"],)
        return str(self.call("token.generate", told)[0]["token"])

    def new_host(self, name: str, group: str, items: dict[str, tuple[int, str]]) -> None:
        """Makes a host with trapper items: key to value type and units."""
        (owner,) = self.call("hostgroup.create", {"name": group})["groupids"]
        (host,) = self.call("host.create", {"host": name, "groups": [{"groupid": owner}]})[
            "hostids"
        ]
        for key, (kind, units) in items.items():
            told = {"name": key, "key_": key, "hostid": host, "type": 2, "value_type": kind}
            self.call("item.create", {**told, "units": units})
        command = [SERVER, "-c", self._config, "-R", "config_cache_reload"]
        subprocess.run(command, check=True, capture_output=True)

    def send(self, host: str, values: dict[str, float]) -> None:
        """Sends values until the server, whose cache may be old, has taken them all."""
        began = time.time()
        data = [{"host": host, "key": key, "value": str(v)} for key, v in values.items()]
        body = json.dumps({"request": "sender data", "data": data}).encode()

        def taken() -> bool:
            with socket.create_connection(("127.0.0.1", self._port), 30) as connection:
                connection.sendall(b"ZBXD\x01" + struct.pack("<II", len(body), 0) + body)
                answer = b""
                while piece := connection.recv(4096):
                    answer += piece
            return b"failed: 0" in answer

        wait_for(taken)
        self.sent = began, time.time()


def missing() -> str:
    """Returns why it cannot be run here, empty when it can."""
    for path, package in (
        (SERVER, "zabbix-server-pgsql"),
        (FRONTEND / "api_jsonrpc.php", "zabbix-frontend-php"),
    ):
        if not path.exists():
            return f"Debian package {package} is missing"
    for program, package in (("php", "php-cli"), ("psql", "postgresql-client")):
        if shutil.which(program) is None:
            return f"Debian package {package} is missing"
    return postgresql.missing()


@contextmanager
def running_zabbix() -> Iterator[RealZabbix]:
    """Makes the database, starts server and frontend, and removes everything afterwards."""
    place = Path(tempfile.mkdtemp(prefix="aiops-zabbix-", dir="/tmp"))
    try:
        with postgresql.running_postgres() as database:
            database.new_database("zabbix")
            _load(database.port)
            port, web = free_port(), free_port()
            told = {"port": port, "place": place, "database": database.port}
            config = place / "server.conf"
            config.write_text(_CONFIG.format(**told))
            shutil.copytree(FRONTEND, place / "web")
            (place / "zabbix.conf.php").write_text(_PHP.format(**told))
            # Debian's frontend reads one fixed file; the copy reads its own.
            where = place / "web" / "include" / "classes" / "core" / "CConfigFile.php"
            text = where.read_text().replace(
                "/etc/zabbix/zabbix.conf.php", f"{place}/zabbix.conf.php"
            )
            where.write_text(text)
            url = f"http://127.0.0.1:{web}"
            php = ["php", "-d", "post_max_size=16M", "-d", "max_execution_time=300"]
            with (
                running([str(SERVER), "-f", "-c", str(config)], lambda: answers(port)),
                running(
                    [*php, "-S", f"127.0.0.1:{web}", "-t", str(place / "web")],
                    lambda: _ready(url),
                ),
            ):
                yield RealZabbix(url, port, config)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _load(port: int) -> None:
    command = ["psql", "-q", "-1", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "zabbix"]
    for name in ("schema", "images", "data"):
        text = gzip.decompress((SCHEMA / f"{name}.sql.gz").read_bytes())
        environment = {**os.environ, "PGOPTIONS": "--client-min-messages=warning"}
        subprocess.run(command, input=text, check=True, capture_output=True, env=environment)


def _ready(url: str) -> bool:
    question = {"jsonrpc": "2.0", "id": 1, "method": "apiinfo.version", "params": []}
    with suppress(httpx.HTTPError, ValueError):
        answer = httpx.post(f"{url}/api_jsonrpc.php", json=question, trust_env=False, timeout=60)
        return "result" in answer.json()
    return False
