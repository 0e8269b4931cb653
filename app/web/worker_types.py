"""To be written."""

from flask import Blueprint

blueprint = Blueprint("worker_types", __name__)
