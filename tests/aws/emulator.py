"""AWS on loopback: moto's server, with Lambda's invoke answered by the real packages, with faults on demand,
and with what AWS refuses and moto does not (``tests.infra.emulator.constraints``): every call is held against
AWS's own models."""

import json
import re
import threading
from collections.abc import Callable
from io import BytesIO

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.aws.runtime import REGION
from tests.infra.emulator.calls import Refused, read_call, spell_refusal
from tests.infra.emulator.constraints import check_call

QUEUES = ("checks", "results", "deliveries", "receipts")
_REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}


class _Silent(WSGIRequestHandler):  # type: ignore[misc, unused-ignore]  # werkzeug is not everywhere
    def log(self, *args, **kwargs):
        pass


class EmulatedAws:
    """``functions`` by name are invoked by Lambda's API. ``faults`` see each call of SQS's and may answer it
    themselves: they get the operation and its parameters, and return a status and an answer, or None.
    ``refused`` are the sentences of calls that AWS would refuse. ``quiet`` is the same AWS without faults and
    refusals, for tests themselves."""

    def __init__(self):
        self.functions, self.faults, self.refused = {}, list[Callable](), list[str]()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._servers = [
            make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
            for app in (self._answer, self._moto)
        ]

    def start(self):
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        return self

    def stop(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def quiet(self):
        return f"http://127.0.0.1:{self._servers[1].server_port}"

    def client(self, service):
        return boto3.client(service, endpoint_url=self.quiet, **KEYS)

    def _answer(self, environ, start_response):
        if refusal := self._refuse(environ):
            call, no = refusal
            text, headers = spell_refusal(no, call.protocol)
            start_response(f"{no.status} Refused", [*headers, ("Content-Length", str(len(text)))])
            return [text]
        invoked = re.match(r"/2015-03-31/functions/([^/]+)/invocations$", environ["PATH_INFO"])
        if invoked and invoked[1] in self.functions:
            return self._invoke(invoked[1], environ, start_response)
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target.startswith("AmazonSQS."):
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            for fault in [*self.faults, self._refuse_contents]:
                answer = fault(target.partition(".")[2], json.loads(body or b"{}"))
                if answer is not None:
                    return _say(start_response, *answer)
            environ["wsgi.input"] = BytesIO(body)
        return self._moto(environ, start_response)

    def _refuse(self, environ):
        """The call and why AWS would not take it; None where it would. The body stays to be read."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        call = read_call(environ)
        environ["wsgi.input"] = BytesIO(body)
        for left in [key for key in environ if key.startswith("werkzeug.")]:
            environ.pop(left)
        try:
            if call is not None:
                check_call(call)
        except Refused as no:
            self.refused.append(str(no))
            return call, no
        return None

    def _refuse_contents(self, operation, parameters):
        """As SQS does, and moto does not: some characters are refused, each message for itself.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
        entries = parameters.get("Entries", [])
        if operation != "SendMessageBatch" or not any(_REFUSED.search(one["MessageBody"]) for one in entries):
            return None
        taken = [one for one in entries if not _REFUSED.search(one["MessageBody"])]
        answer = (
            self.client("sqs").send_message_batch(QueueUrl=parameters["QueueUrl"], Entries=taken)
            if taken
            else {"Successful": []}
        )
        failed = [
            {"Id": one["Id"], "SenderFault": True, "Code": "InvalidMessageContents", "Message": "No."}
            for one in entries
            if one not in taken
        ]
        return 200, {"Successful": answer["Successful"], "Failed": failed}

    def _invoke(self, name, environ, start_response):
        event = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
        answer = self.functions[name].invoke(event)
        headers = [("X-Amz-Executed-Version", "$LATEST")]
        if not answer.ok:
            headers.append(("X-Amz-Function-Error", "Unhandled"))
        return _say(start_response, 200, answer.value if answer.ok else answer.error, headers)


def _say(start_response, status, answer, headers=()):
    body = json.dumps(answer).encode()
    start_response(
        f"{status} {'OK' if status < 400 else 'Error'}",
        [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers],
    )
    return [body]


def make_queues(sqs, prefix, *, visibility_s=4, receives=3):
    """The four queues, each with its dead letters, as infra/queues.yaml has them but quicker; URLs by
    name."""
    urls = {}
    for name in QUEUES:
        dead = sqs.create_queue(QueueName=f"{prefix}-{name}-dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": receives})
        attributes = {"VisibilityTimeout": str(visibility_s), "RedrivePolicy": policy}
        urls[name] = sqs.create_queue(QueueName=f"{prefix}-{name}", Attributes=attributes)["QueueUrl"]
    return urls


# Faults


def throttle(aws, *, calls):
    """SQS refuses so many batches whole, and of as many others it takes the first half of the entries
    only."""
    left = {"whole": calls, "half": calls}
    lock, sqs = threading.Lock(), aws.client("sqs")

    def fault(operation, parameters):
        if operation != "SendMessageBatch":
            return None
        with lock:
            how = next((how for how, count in left.items() if count), "")
            if how:
                left[how] -= 1
        if how == "whole":
            return 400, {"__type": "com.amazonaws.sqs#RequestThrottled", "message": "Slow down."}
        if how == "half":
            return 200, _take_half(sqs, parameters)
        return None

    fault.left = left
    return fault


def _take_half(sqs, parameters):
    entries = parameters["Entries"]
    taken, refused = entries[: len(entries) // 2], entries[len(entries) // 2 :]
    answer = {"Successful": []}
    if taken:
        answer = sqs.send_message_batch(QueueUrl=parameters["QueueUrl"], Entries=taken)
    failed = [
        {"Id": entry["Id"], "SenderFault": False, "Code": "ServiceUnavailable", "Message": "Slow down."}
        for entry in refused
    ]
    return {"Successful": answer["Successful"], "Failed": failed}
