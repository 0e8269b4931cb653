"""Texts that mean harm to whoever reads them: `data/xss.txt`, and those that no file can hold.

Whatever of them runs calls `boom`; whatever they name bears `pwn`; whatever they load is at
`evil.example`.
"""

from __future__ import annotations

from pathlib import Path

from app.text import without_control

FILE = Path(__file__).parent / "data" / "xss.txt"

UNWRITABLE = (
    "[x](java\0script:boom(301))",
    "[x](\x01javascript:boom(302))",
    "[x](\x1b[31mjavascript:boom(303))",
    "<scr\0ipt>boom(304)</scr\0ipt>",
    "<img src=x\x0conerror=boom(305)>",
    "<img\x0bsrc=x\x0bonerror=boom(306)>",
    "<img src=x onerror\u2028=boom(307)>",
    "[x](\u200bjavascript:boom(308))",
    "[x](\ufeffjavascript:boom(309))",
    "[x](\u00a0javascript:boom(310))",
    "\u202egnp.\u202d<img src=x onerror=boom(311)>",
    "\u2066https://board.example\u2069\u202e(213)moob:tpircsavaj\u202c",
    "[\u202eelpmaxe.draob//:sptth](https://evil.example/313)",
    "half a character \ud83d <img src=x onerror=boom(314)>",
    "Z\u0351\u036b\u0343\u036a" * 40,
    "[x](javascript:boom(316)" + ")" * 60,
    "[" * 60 + "x" + "](javascript:boom(317))" * 60,
    "> " * 60 + "<script>boom(318)</script>",
    "<b>" * 400 + "<img src=x onerror=boom(319)>",
    "![" * 200 + "](javascript:boom(320))",
    "a" * 3_000 + "<svg/onload=boom(321)>",
    "https://evil.example/" + "a" * 2_000 + '"onclick="boom(322)',
)

PAYLOADS = (*FILE.read_text("utf-8").rstrip("\n").split("\n%%\n"), *UNWRITABLE)


def sayable(payload: str, longest: int | None = None) -> str:
    """What the board takes of it: without control characters, and no longer than a field."""
    return without_control(payload)[0][:longest].strip()


def on_one_line(payload: str, longest: int) -> str:
    """The same for a field of one line."""
    return " ".join(sayable(payload).split())[:longest].strip()
