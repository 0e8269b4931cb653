"""The WSGI entry point of a checkout: `gunicorn wsgi:app`, and what `flask` finds by itself."""

from app.wsgi import app

__all__ = ["app"]
