"""To be written."""

from flask import Blueprint

blueprint = Blueprint("workers", __name__)
