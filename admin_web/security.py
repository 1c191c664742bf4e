"""Headers every answer carries (OWASP secure headers; CSP level 3, no inline code)."""

from __future__ import annotations

from flask import Flask, Response, request

from admin_web.settings import DeskSettings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # Pico draws its select arrows and ticks as data: images
        "media-src 'self' blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}
HSTS = "max-age=31536000"
STATIC_MAX_AGE_S = 24 * 3600


def attach(app: Flask, settings: DeskSettings) -> None:
    """Add the headers to every answer of ``app``."""

    @app.after_request
    def add_headers(answer: Response) -> Response:
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        if settings.https:
            answer.headers.setdefault("Strict-Transport-Security", HSTS)
        if request.endpoint == "static":
            answer.headers["Cache-Control"] = f"public, max-age={STATIC_MAX_AGE_S}"
        else:
            # Pages hold citizens' data: no shared or disk cache may keep them.
            answer.headers["Cache-Control"] = "no-store"
        return answer
