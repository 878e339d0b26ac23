"""`dunwell web`: the pages and the API, in one process."""

import argparse

import uvicorn

NAME = "web"
HELP = "serve the pages and the API"
NEEDS_DATABASE = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to listen."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on")


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        "dunwell.config.asgi:application",
        host=options.host,
        port=options.port,
        lifespan="off",
        log_config=None,  # the process's own structured logs
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,  # live streams would hold the process for ever
    )
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 1
