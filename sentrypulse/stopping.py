"""How a process of ours is told to end."""

import signal
import threading


def listen_for_stop() -> threading.Event:
    """The event that Ctrl-C, SIGTERM and SIGHUP (the terminal is gone) set.

    SIGHUP stays ignored for a process that was started to ignore it, as by ``nohup``.
    """
    stop = threading.Event()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, lambda *_: stop.set())
    return stop
