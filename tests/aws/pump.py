"""What Lambda does for a function that takes messages from SQS: gather a batch, invoke, delete what did not
fail."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError

from tests.aws.runtime import queue_event

POLL_S = 0.05


class Mapping:
    """An event source mapping with ReportBatchItemFailures. What failed is left to the queue: it comes again
    when it is visible again, and ends among the dead by the queue's own policy.

    ``shuffle`` takes batches apart and hands them over in another order; ``double`` hands each over twice.
    """

    def __init__(self, sqs, function, queue, url, *, batch_size=10, window_s=0.0, chance=None, double=False):
        self.sqs, self.function, self.queue, self.url = sqs, function, queue, url
        self.batch_size, self.window_s, self.chance, self.double = batch_size, window_s, chance, double
        self.invoked, self.failed_invocations, self.failed_messages = 0, 0, 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"mapping-{queue}", daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._stopping.set()
        self._thread.join(30)

    def _run(self):
        while not self._stopping.is_set():
            try:
                messages = self._gather()
            except (BotoCoreError, ClientError):
                messages = []
            if messages:
                self._hand_over(messages)
            else:
                self._stopping.wait(POLL_S)

    def _gather(self):
        """Until the batch is full, or the window over since its first message."""
        messages, began = [], time.monotonic()
        while len(messages) < self.batch_size:
            found = self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=min(10, self.batch_size - len(messages)),
                AttributeNames=["All"],
            ).get("Messages", [])
            if not messages:
                began = time.monotonic()
            messages += found
            if not messages or time.monotonic() - began >= self.window_s:
                break
            if not found:
                self._stopping.wait(POLL_S)
        if self.chance:
            self.chance.shuffle(messages)
        return messages

    def _hand_over(self, messages):
        for _ in range(2 if self.double else 1):
            answer = self.function.invoke(queue_event(self.queue, messages))
            self.invoked += 1
        if not answer.ok:
            self.failed_invocations += 1
            return
        failures = answer.value["batchItemFailures"]
        failed = {failure["itemIdentifier"] for failure in failures}
        self.failed_messages += len(failed)
        done = [message for message in messages if message["MessageId"] not in failed]
        for start in range(0, len(done), 10):
            self.sqs.delete_message_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(done[start : start + 10])
                ],
            )


class Clock:
    """EventBridge: invokes at once and then every ``every_s``, each time ``times``, all at the same
    moment."""

    def __init__(self, functions, event, *, every_s=60.0):
        self.functions, self.event, self.every_s = functions, event, every_s
        self.ticks, self.answers = 0, []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._stopping.set()
        self._thread.join(30)

    def _run(self):
        with ThreadPoolExecutor(len(self.functions)) as pool:
            while not self._stopping.is_set():
                began = time.monotonic()
                self.answers += pool.map(lambda function: function.invoke(self.event), self.functions)
                self.ticks += 1
                self._stopping.wait(max(0.0, self.every_s - (time.monotonic() - began)))
