"""The Flask extensions, made once and bound to an application by `create_app`."""

from __future__ import annotations

from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect

csrf = CSRFProtect()
login = LoginManager()
