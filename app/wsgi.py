"""The application as a WSGI server loads it: `gunicorn app.wsgi:app`."""

import sys

from app import create_app
from app.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    print(f"callboard: {error}", file=sys.stderr)  # noqa: T201 - there is no logger yet
    raise SystemExit(2) from None
