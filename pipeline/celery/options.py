"""The Celery application: how its workers and its clock are configured. Imports no Django."""

import os
import ssl
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from celery import Celery

from core.engine import Engine
from core.env import Env, SettingsError
from core.retries import MESSAGE_FAILED_S
from pipeline.celery.redis_transport import LOST_AFTER_S, SIGNS, install_transport
from pipeline.celery.sender import (
    BATCH_MAX_S,
    KILL_AFTER_S,
    TICK,
    VISIBILITY_TIMEOUT_S,
    describe_queue,
)
from pipeline.timetable import TIMETABLE

RETRY_AFTER = ",".join(f"{pause_s:g}" for pause_s in MESSAGE_FAILED_S)
TICK_LIVES_S = 60.0
"""Seconds after which a tick that no worker took is dropped; the next tick comes anyway. Not fewer, although
some ticks come twice a second: the clocks of two machines may differ by many seconds."""
JOB_MAX_S = 3_600


@dataclass(frozen=True, slots=True)
class Options:
    """The settings of this engine."""

    broker_url: str
    queue_prefix: str
    queue_max_messages: int
    retry_after_s: tuple[float, ...]
    visibility_timeout_s: int
    lost_after_s: int


def read_options(env: Env) -> Options:
    """The settings of this engine. Raises ``SettingsError`` for a value that makes no sense, and when ENGINE
    is not celery."""
    if env.engine() is not Engine.CELERY:
        raise SettingsError(f"ENGINE must be celery for Celery's workers and clock, not {env.engine()}.")
    return Options(
        broker_url=env.broker_url(),
        queue_prefix=env.text("CELERY_QUEUE_PREFIX", "sentrypulse-"),
        queue_max_messages=env.queue_max_messages(),
        retry_after_s=env.waits("CELERY_RETRY_AFTER_S", RETRY_AFTER),
        visibility_timeout_s=env.integer(
            "CELERY_VISIBILITY_TIMEOUT_S", VISIBILITY_TIMEOUT_S, low=2, high=43_200
        ),
        lost_after_s=env.integer("CELERY_LOST_AFTER_S", LOST_AFTER_S, low=1, high=3_600),
    )


def transport_options(options: Options) -> dict[str, Any]:
    """Options that make each broker give a message to another worker when its worker is gone, and not
    sooner."""
    url = options.broker_url
    if url.startswith("redis"):
        return {
            "queue_prefix": options.queue_prefix,
            "lost_after_s": options.lost_after_s,
            "unacked_restore_interval": options.lost_after_s / SIGNS,
            "unacked_restore_throttle": 1,
            # For messages that a living consumer holds and has forgotten.
            "visibility_timeout": options.visibility_timeout_s,
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
        }
    if url.startswith("sqs"):
        return {
            "visibility_timeout": options.visibility_timeout_s,
            "region": os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
            "wait_time_seconds": 5,
            "polling_interval": 0.2,
        }
    return {"confirm_publish": True, "connect_timeout": 5, "read_timeout": 30, "write_timeout": 30}


def _tls(url: str) -> dict[str, Any] | bool:
    """How the broker must prove who it is. Kombu by itself believes any Redis, and does not check the name of
    a RabbitMQ. The system's certificates are trusted, or those of SSL_CERT_FILE."""
    if url.startswith("rediss:"):
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
    if url.startswith("amqps:"):
        return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": urlsplit(url).hostname}
    return False


def beat_schedule() -> dict[str, dict[str, Any]]:
    """The timetable in the form that Celery's clock reads."""
    return {
        job.name: {
            "task": TICK,
            "schedule": timedelta(seconds=job.every_s),
            "args": [job.name],
            "options": {"queue": "core", "expires": max(TICK_LIVES_S, job.every_s)},
        }
        for job in TIMETABLE
    }


# A message is acknowledged after it was handled. When its process dies, another one gets it.
_ACKNOWLEDGING = {
    "task_acks_late": True,
    "task_acks_on_failure": False,
    "task_acks_on_timeout": False,
    "task_reject_on_worker_lost": True,
    "task_soft_time_limit": BATCH_MAX_S,
    "task_time_limit": BATCH_MAX_S + KILL_AFTER_S,
}
_PUBLISHING = {"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}


def make_app(options: Options) -> Celery:
    """The Celery application. It has opened no connection yet."""
    install_transport()
    app = Celery("sentrypulse", fixups=[], set_as_current=False)
    app.conf.update(
        broker_url=options.broker_url,
        broker_use_ssl=_tls(options.broker_url),
        broker_transport_options=transport_options(options),
        broker_connection_timeout=5,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=30,
        imports=["pipeline.celery.worker"],
        task_queues=[describe_queue(plane, prefix=options.queue_prefix) for plane in ("edge", "core")],
        task_default_queue=f"{options.queue_prefix}core",
        control_exchange=f"{options.queue_prefix}control",  # one broker may serve two installations
        task_default_exchange="",
        task_default_exchange_type="direct",
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_publish_retry_policy=_PUBLISHING,
        **_ACKNOWLEDGING,
        worker_prefetch_multiplier=1,
        worker_lost_wait=2.0,  # s for a dead process's last word, before another gets its message
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # On SQS it would need queues of its own.
        worker_enable_remote_control=not options.broker_url.startswith("sqs"),
        worker_send_task_events=False,
        worker_pool="pipeline.celery.overrides:TaskPool",
        worker_consumer="pipeline.celery.worker:KeepingConsumer",
        beat_scheduler="pipeline.celery.worker:Clock",
        beat_schedule=beat_schedule(),
        beat_max_loop_interval=1,
        enable_utc=True,
    )
    return app
