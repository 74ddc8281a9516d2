"""Zappa as people run it, and an AWS whose functions run what it uploaded."""

import json
import os
import subprocess
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent.parent
DATABASE_URL = os.environ.get("DATABASE_URL_MYSQL", "mysql://root:@127.0.0.1:3306/test") + "_zappa"


def make_database():
    """An empty one on MariaDB, which the packages' own driver connects to; False where none answers."""
    import MySQLdb

    parts = urlsplit(DATABASE_URL)
    try:
        connection = MySQLdb.connect(
            host=parts.hostname, port=parts.port or 3306, user=parts.username, password=parts.password or ""
        )
    except MySQLdb.Error:
        return False
    cursor = connection.cursor()
    cursor.execute(f"DROP DATABASE IF EXISTS `{parts.path[1:]}`")
    cursor.execute(f"CREATE DATABASE `{parts.path[1:]}` CHARACTER SET utf8mb4")
    connection.close()
    return True


def make_clients():
    from infra.clients import Clients

    return Clients("eu-west-1")


class Runner:
    """Invocations of the emulator's functions: the code that Zappa uploaded, under AWS's runtime client."""

    def __init__(self, emulator, scratch):
        self.emulator, self.scratch, self.functions = emulator, scratch, {}

    def invoke(self, name, body):
        if name not in self.functions:
            self.functions[name] = self.start(name)
        function = self.functions[name]
        before = len(function.output())
        answer = function.invoke(json.loads(body))
        written = function.output()[before:].encode()
        return answer.ok, json.dumps(answer.value if answer.ok else answer.error).encode(), written

    def start(self, name):
        from tests.aws.runtime import Function

        stands = self.emulator.clients.functions.get_function(FunctionName=name)["Configuration"]
        folder = self.scratch / f"{name}-{time.monotonic_ns()}"
        zipfile.ZipFile(BytesIO(self.code_of(name))).extractall(folder)
        environment = {
            **stands["Environment"]["Variables"],
            "AWS_ENDPOINT_URL": self.emulator.url,
            "DATABASE_URL": DATABASE_URL,  # goes before the parameter store's
            "DATABASE_CA_FILE": "",
            "DATA_DIR": str(self.scratch / "data"),
        }
        timeout_s = max(60.0, stands["Timeout"])
        return Function(
            name, folder, stands["Handler"], environment, scratch=self.scratch, timeout_s=timeout_s
        )

    def code_of(self, name):
        from moto.awslambda.models import lambda_backends

        return lambda_backends["123456789012"]["eu-west-1"].get_function(name).code_bytes

    def forget(self, name):
        function = self.functions.pop(name, None)
        if function:
            function.close()

    def close(self):
        for name in list(self.functions):
            self.forget(name)


def zappa(*arguments, fails=False):
    """Zappa as people call it; what it said."""
    ended = subprocess.run(
        [f"{os.path.dirname(sys.executable)}/zappa", *arguments],
        cwd=ROOT,
        env={**os.environ, "VIRTUAL_ENV": sys.prefix},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (ended.returncode != 0) == fails, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def run(arguments):
    zappa(*arguments)
