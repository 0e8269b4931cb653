"""What is put wherever a request may say something."""

from __future__ import annotations

from typing import Any

MADE = "9801547"
"""What comes out where a template, or a formula, is run: 1337 times 7331."""

TAG, ATTRIBUTE, COOKIE = "zapxss", "zapattr", "zapcookie"
"""What stands raw in an answer only if it wasn't escaped."""

SQL = (
    "'",
    "' OR '1'='1",
    '" OR ""="',
    "1 OR 1=1",
    "'; DROP TABLE tickets; --",
    "1) UNION ALL SELECT null,null--",
    "\\' OR 1=1 /*",
    "%' OR '%'='",
    "1; VACUUM",
    "1||pg_sleep(9)",
    "*",
    '"never closed',
    "a AND OR NOT b NEAR(",
    "title:^x*",
    "_%_%_%",
)
PATHS = (
    "../../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "....//....//etc/passwd",
    "..\\..\\..\\windows\\win.ini",
    "/etc/passwd",
    "/proc/self/environ",
    "file:///etc/passwd",
    ".",
    "..",
    "-",
    "new",
    "acme/web/-/settings",
    "\0",
    "a\0.png",
)
NUMBERS = (
    "0",
    "-1",
    "1.5",
    "1e309",
    "NaN",
    "-Infinity",
    "0x10",
    "1_000",
    " 1 ",
    "+1",
    "\u0663",
    "\u00b2",
    "\uff11",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "9" * 400,
    "9" * 5_000,
    "0" * 5 + "1" + "0" * 30,
    "1" + "\u0660" * 20,
    "up-" + "9" * 5_000,
)
WORDS = (
    "",
    " ",
    "true",
    "null",
    "undefined",
    "None",
    "[]",
    "{}",
    "any",
    "all",
    "latest",
    "__class__",
)
LETTERS = (
    "\u202egnp.exe",
    "\ufeff",
    "\ufffe",
    "\U0001f4a9" * 50,
    "Z\u0351\u036b\u0343" * 50,
    "\u212aelvin",
    "\u0130stanbul",
    "\u1e9e\u00df",
    "a\tb",
    "a\x07b",
    "x" * 300,
    "x" * 9_000,
)
LINES = (
    f"a\r\nSet-Cookie: {COOKIE}=1",
    f"a\nX-Zap: {COOKIE}",
    f"a\r\n\r\n<{TAG}>",
    f"%0d%0aSet-Cookie:%20{COOKIE}=1",
    f"a\u560d\u560aSet-Cookie: {COOKIE}=1",
    "\r",
)
TEMPLATES = (
    "{{1337*7331}}",
    "${1337*7331}",
    "#{1337*7331}",
    "<%= 1337*7331 %>",
    "{% print(1337*7331) %}",
    "{{ config.items() }}{{ self.__init__.__globals__ }}",
    "{0.__class__.__mro__}{who.__class__}",
    "%s%s%n%(x)s",
    "$(expr 1337 \\* 7331)",
    "`expr 1337 \\* 7331`",
)
TAGS = (
    f'"><{TAG} {ATTRIBUTE}=1>',
    f"'><{TAG} {ATTRIBUTE}=1>",
    f'" {ATTRIBUTE}=1 x="',
    f"' {ATTRIBUTE}=1 x='",
    f"</title></textarea></script></style><{TAG}>",
    f"<!--><{TAG}>-->",
    f"javascript:{TAG}()",
    f"[x](javascript:{TAG}())<{TAG}>",
)
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/%09/evil.example",
    "/..//evil.example",
    "https:evil.example",
    "http:///evil.example",
    "//localhost@evil.example",
    "javascript:alert(1)",
    "/sign-in?next=//evil.example",
)
TEXTS = (
    *(*SQL, *PATHS, *NUMBERS, *WORDS),
    *(*LETTERS, *LINES, *TEMPLATES, *TAGS, *ELSEWHERE),
)

BROKEN = ("%ff", "%ed%a0%80", "%c0%ae%c0%ae/", "%", "%zz", "a%00b", "%e2%82")
"""Parts of addresses that are no text in any encoding of ours."""

ADDRESSES = (
    *(
        "//evil.example",
        "//evil.example/%2f..",
        "/%5cevil.example",
        "/%2f/evil.example",
        "/./",
        "/../",
    ),
    *(
        "/static/../wsgi.py",
        "/static/%2e%2e/app/settings/board.py",
        "/static//etc/passwd",
        "/static/%00",
    ),
    *(
        "/static/css",
        "/static/",
        "/.git/config",
        "/.env",
        "/instance/board.db",
        "/app/settings/board.py",
    ),
    *("/mcp/", "/mcp/x", "/api", "/api/", "/api//v1/tickets", "/api/v1/../../people", "/tickets/"),
    *("/" + "a/" * 900, "/" + "%2e%2e%2f" * 300, "/tickets;zap=1", "/tickets/%0d%0aX-Zap:%201"),
)
"""Addresses that no route has."""

VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1e308, 2**31, 2**63, 10**400),
    *([], {}, [None], [[]] * 9, {"$gt": ""}, {"__proto__": {"x": 1}}, ["x"] * 600),
    *("\ud800", "a\0b", *TEXTS),
)
"""What JSON may hold."""

BODIES: tuple[bytes, ...] = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"NaN",
    b'{"a": NaN}',
    b'{"a": -Infinity}',
    b'{"a": 1, "a": 2}',
    b'{"a": "\xff"}',
    b'{"a": ' + b"9" * 6_000 + b"}",
    b"[" * 20_000 + b"]" * 20_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    b"\xef\xbb\xbf{}",
    '{"content": "x"}'.encode("utf-16"),
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    b"a=1&a=2&a[]=3&a[b]=4&__proto__[x]=5",
    b"&" * 3_000,
    b"%ff=%fe",
    b'--zap\r\nContent-Disposition: form-data; name="a"; filename="../x"\r\n\r\nx\r\n--zap--\r\n',
    b"x" * 200_000,
)
KINDS_OF_BODY = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=zap",
    "multipart/form-data",
    "text/xml",
    "application/json; charset=utf-16",
    f"text/html;<{TAG}>",
    "",
)

METHODS = (
    "HEAD",
    "OPTIONS",
    "TRACE",
    "PUT",
    "PATCH",
    "DELETE",
    "POST",
    "CONNECT",
    "PROPFIND",
    "zap",
)

HEADERS: dict[str, tuple[str, ...]] = {
    "Host": ("evil.example", "localhost:99999", f"<{TAG}>", "a@b", "[::1", "", "localhost, x"),
    "X-Forwarded-Host": ("evil.example",),
    "X-Forwarded-For": ("127.0.0.1, ' OR 1=1", "x" * 5_000),
    "X-Forwarded-Proto": ("https", "javascript"),
    "X-Forwarded-Prefix": ("//evil.example", "/../x"),
    "X-Forwarded-Port": ("99999",),
    "X-Original-URL": ("/people",),
    "X-HTTP-Method-Override": ("DELETE",),
    "X-Request-ID": (f"<{TAG}>", "x" * 5_000),
    "Forwarded": ("for=evil;host=evil.example",),
    "Referer": (f"javascript:{TAG}", "//evil.example", "x" * 5_000),
    "Origin": ("null", "https://evil.example", "\u00e4"),
    "Sec-Fetch-Site": ("cross-site", "zap"),
    "Cookie": (
        "callboard=x",
        "callboard=.eJx.x.x",
        f"callboard=<{TAG}>; ;;=",
        "callboard=" + "a" * 5_000,
    ),
    "Authorization": (
        "Bearer ",
        "Bearer cb_x",
        "Bearer ' OR 1=1",
        "Basic Og==",
        "zap",
        "Bearer \u00e4",
    ),
    "Accept": ("application/json", f"<{TAG}>", "*/*;q=zap", ""),
    "Accept-Language": ("../../x", "x" * 5_000),
    "Accept-Encoding": ("zap",),
    "User-Agent": (f"<{TAG}>", "", "x" * 5_000, "' OR 1=1"),
    "If-Match": ("*", "zap", '"' + "9" * 50 + '"', '"-1"'),
    "If-None-Match": ("*", "zap"),
    "If-Modified-Since": ("zap", "Mon, 99 Zap 9999 99:99:99 GMT"),
    "Range": ("bytes=0-0", "bytes=9-1,2-3", "zap=1"),
    "Content-Length": ("-1", "zap", "0"),
    "Transfer-Encoding": ("zap",),
    "Idempotency-Key": ("x" * 5_000, "' OR 1=1", "\u00e4"),
    "HX-Request": ("true", f"<{TAG}>"),
    "HX-Target": (f"<{TAG}>",),
    "HX-Current-URL": ("//evil.example",),
    "HX-Prompt": (f"<{TAG}>",),
    "Mcp-Protocol-Version": ("zap", "2026-07-28"),
    "Mcp-Session-Id": ("../x",),
    "Mcp-Method": ("tools/call",),
    "Last-Event-ID": ("9" * 50,),
}
"""Headers that something here reads, or that others were deceived by."""

PARAMETERS = (
    *("page", "sort", "q", "project", "state", "type", "stage", "label", "priority", "status"),
    *("before", "after", "v", "all", "from", "to", "next", "title", "parent", "blocked_by"),
    *("show", "processed", "ticket", "worker", "actor", "action", "code", "error", "iss"),
    *("limit", "cursor", "archived", "finished", "open", "preview", "_method", "format", "zap"),
)
"""All that addresses may ask."""

READERS = {
    *("dashboard.show", "tickets.index", "workers.index", "events.index", "audit.index"),
    *("tickets.new", "tickets.show", "events.show", "worker_types.new", "worker_types.show"),
    *("accounts.sign_in", "sso.start", "sso.come_back", "projects.show"),
}
"""Pages that look at what their addresses ask."""
