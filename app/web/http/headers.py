"""What every answer tells browsers to do and not to do."""

from __future__ import annotations

from flask import Response, request

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Chromium holds `form-action` against every redirect that follows a form. So whatever leads to
another site, as signing in there does, starts with a link (GET), never with a form."""

UNUSED_POWERS = (
    "accelerometer",
    "autoplay",
    "camera",
    "display-capture",
    "encrypted-media",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "screen-wake-lock",
    "usb",
    "xr-spatial-tracking",
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": ", ".join(f"{power}=()" for power in UNUSED_POWERS),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_UNLESS_SAID = tuple((name.lower(), (name, value)) for name, value in SECURITY_HEADERS.items())

HSTS = "max-age=31536000"
"""A year. Not `includeSubDomains`: the operator's other hosts are none of our business."""


def secured(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of an answer, with those security headers that it doesn't give itself."""
    given = {name.lower() for name, _ in headers}
    return headers + [header for name, header in _UNLESS_SAID if name not in given]


def set_headers(response: Response) -> Response:
    """Say how long an answer may be kept, and that the board is to be asked encrypted."""
    headers = response.headers
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", HSTS)
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    elif "v" not in request.args:
        # Only an address with a content hash stays true for a year.
        headers["Cache-Control"] = "no-cache"
    return response
