"""The application as a WSGI server loads it: `gunicorn app.wsgi:app`."""

import sys

from app import create_app
from app.settings import ConfigError

APP_LOAD_ERROR = 4
"""The exit code of a worker that makes gunicorn's master stop. After any other it starts another
worker, which would meet the same error, for ever."""

try:
    app = create_app()
except ConfigError as error:
    print(f"callboard: {error}", file=sys.stderr)  # noqa: T201 - there is no logger yet
    raise SystemExit(APP_LOAD_ERROR) from None
