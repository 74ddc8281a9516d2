"""The emulator itself: every call is read, noted, checked, and answered by moto or in its place."""
# mypy: disable-error-code="no-any-return, misc, attr-defined, no-untyped-def, no-untyped-call"

import io
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.core.serialize import get_serializer_class
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.infra.emulator import account as accounts
from tests.infra.emulator import formation, invoking, stacks
from tests.infra.emulator.account import Account
from tests.infra.emulator.calls import Call, Refused, read_call, spell_refusal
from tests.infra.emulator.constraints import check_call
from tests.infra.emulator.formation import MADE, REGION
from tests.infra.emulator.functions import Functions, Mappings
from tests.infra.emulator.policy import Policy

Invoke = Callable[[str, bytes], tuple[bool, bytes, bytes]]
"""A function's name and an event to: did it end well, its answer, what it wrote meanwhile."""
InvokeIn = Callable[[str, bytes, str], tuple[bool, bytes, bytes]]
"""The same with the region that was asked."""
DEPLOYER = "DEPLOYER"
DEPLOYER_POLICY = Path(__file__).resolve().parents[3] / "docs" / "deployer-policy.json"


class _Quiet(WSGIRequestHandler):
    def log(self, *args: object) -> None:
        pass


def _teach_moto() -> None:
    """Once a process."""
    if formation.teach_moto():
        stacks.teach_moto()


class Emulator:
    """Started with ``with``; ``url`` is what AWS_ENDPOINT_URL names. ``account`` says what differs from one
    account to another; ``calls`` are what was asked, as ``rds:CreateDBCluster``. Everything that takes its
    time with AWS takes ``busy_s`` here."""

    def __init__(self, *, busy_s: float = 0.5, mappings_busy_s: float = 2.0) -> None:
        _teach_moto()
        self.invoke: Invoke | None = None
        self.invoke_in: InvokeIn | None = None
        self.calls: list[str] = []
        self.deny: set[str] = set()
        """What whoever asks is not allowed."""
        self.policy = Policy(DEPLOYER_POLICY)
        """What the key ``DEPLOYER`` may do; any other may do everything."""
        self.account = Account()
        self.mappings, self.functions = Mappings(mappings_busy_s), Functions(busy_s)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Emulator":
        MADE.clear()  # a process may start one account after another
        stacks.JUDGES[:] = [self.account.judge_resource]
        threading.Thread(target=self._server.serve_forever, name="aws", daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to see this AWS and no other."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    # One call

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        call = read_call(environ)
        environ["wsgi.input"] = io.BytesIO(body)
        for left in [key for key in environ if key.startswith("werkzeug.")]:
            environ.pop(left)
        if call is None:
            return self._moto(environ, start_response)
        self.calls.append(str(call))
        try:
            self._check(call, environ["HTTP_AUTHORIZATION"].partition("Credential=")[2].partition("/")[0])
            if str(call) == "lambda:Invoke":
                return self._invoke(call, body, start_response)
            answer = self._find_answer(call)
        except Refused as no:
            text, headers = spell_refusal(no, call.protocol)
            start_response(f"{no.status} Refused", headers)
            return [text]
        if answer is not None:
            return self._say(call, answer, start_response)
        if call.service == "lambda":
            return self._ask_moto_for_lambda(call, environ, start_response)
        said = self._moto(environ, start_response)
        if str(call) == "cloudformation:CreateStack":
            said = list(said)
            stacks.protect({"EnableTerminationProtection": False, **call.asked}, call.region)
        return said

    def _check(self, call: Call, key: str) -> None:
        """Raises ``Refused`` for what AWS would not do."""
        if key == DEPLOYER:
            self.policy.check(call)
        if str(call) in self.deny:
            raise Refused("AccessDeniedException", f"User is not authorized to perform: {call}", 403)
        check_call(call)
        if call.service == "cloudformation":
            stacks.check_change(call.operation, call.asked, call.region)
        if call.service == "lambda":
            self.mappings.check(call.operation, call.asked, call.region)
            self.functions.check(call.operation, call.asked, call.region)

    def _find_answer(self, call: Call) -> dict[str, Any] | None:
        """In moto's place; None where moto answers."""
        if answer := accounts.ANSWERS.get(str(call)):
            return answer(self.account, call.asked)
        match str(call):
            case "cloudformation:UpdateTerminationProtection":
                return stacks.protect(call.asked, call.region)
            case "lambda:ListFunctionUrlConfigs":  # Zappa asks at each update; there are never any
                return {"FunctionUrlConfigs": []}
            case "lambda:PutFunctionRecursionConfig":
                self.functions.loops[call.asked["FunctionName"]] = call.asked["RecursiveLoop"]
                return {"RecursiveLoop": call.asked["RecursiveLoop"]}
            case "lambda:GetFunctionRecursionConfig":
                return {"RecursiveLoop": self.functions.loops.get(call.asked["FunctionName"], "Terminate")}
            case "lambda:GetEventSourceMapping":
                return self.mappings.find_going(call.asked["UUID"])
        return None

    def _ask_moto_for_lambda(self, call: Call, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """moto's answer, in the state that mapping or function would be in with AWS."""
        told: list[Any] = []
        body = b"".join(self._moto(environ, lambda status, headers, *rest: told.extend([status, headers])))
        status, headers = told
        if status.startswith("2") and body:
            answer = json.loads(body)
            if call.operation in {
                "CreateEventSourceMapping",
                "UpdateEventSourceMapping",
                "DeleteEventSourceMapping",
            }:
                answer = self.mappings.note(call.operation, answer)
            elif call.operation in {"ListEventSourceMappings", "GetEventSourceMapping"}:
                answer = self.mappings.show(answer, call.asked)
            self.functions.note(call.operation, call.asked, call.region)
            if "Configuration" in answer:
                answer["Configuration"] = self.functions.show(answer["Configuration"], call.region)
            elif "FunctionArn" in answer and "UUID" not in answer:
                answer = self.functions.show(answer, call.region)
            body = json.dumps(answer).encode()
        headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start_response(status, headers)
        return [body]

    @staticmethod
    def _say(call: Call, answer: dict[str, Any], start_response: Any) -> list[bytes]:
        serializer = get_serializer_class(call.service, call.protocol)(operation_model=call.model)
        said = serializer.serialize(answer)
        body = said["body"]
        start_response(f"{said['status_code']} OK", list(said["headers"].items()))
        return [body.encode() if isinstance(body, str) else body]

    def _invoke(self, call: Call, body: bytes, start_response: Any) -> list[bytes]:
        def invoke(name: str, event: bytes, region: str) -> tuple[bool, bytes, bytes]:
            if self.invoke_in is not None:
                return self.invoke_in(name, event, region)
            if self.invoke is None:
                raise Refused("ServiceException", "Nobody runs functions here.", 500)
            return self.invoke(name, event)

        return invoking.answer(call, body, invoke, start_response, late_s=self.functions.busy_s)
