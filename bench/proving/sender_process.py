"""A process that sends what is due, exactly as a worker's sender thread does."""

import signal
import threading


def main() -> None:
    import django

    django.setup()
    from dunwell.worker.main import send_what_is_due

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    send_what_is_due(stop)


if __name__ == "__main__":
    main()
