"""Colours for code, in the languages that agents write."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from markdown_it.common.utils import escapeHtml

from app.markdown.work import Work

if TYPE_CHECKING:
    from pygments.lexer import Lexer

LANGUAGES = frozenset(
    (
        *("bash", "sh", "shell", "zsh", "console", "shell-session", "powershell"),
        *("python", "py", "python3", "pycon", "pytb", "ruby", "rb", "php", "perl", "lua"),
        *("javascript", "js", "jsx", "typescript", "ts", "tsx", "html", "css", "scss", "xml"),
        *("c", "c++", "cpp", "csharp", "c#", "kotlin", "swift", "go", "rust", "rs"),
        *("json", "yaml", "yml", "toml", "ini", "sql", "graphql", "diff", "udiff"),
        *("docker", "dockerfile", "make", "makefile", "markdown", "md", "terraform", "nginx"),
    )
)
"""A name that isn't here is shown plain. Of those in Pygments, dozens take seconds for a few lines
that are made for it; each of these is held against hostile input by a test."""

LONGEST_HIGHLIGHTED = 2_000
_LONG_LINE = re.compile(r"[^\n]{200}")
WORK_PER_CHARACTER = 5


def coloured(code: str, language: str, work: Work) -> str:
    """The code as HTML, in colours if its language is known and it isn't too much."""
    if (
        language.lower() in LANGUAGES
        and len(code) <= LONGEST_HIGHLIGHTED
        and not _LONG_LINE.search(code)
        and work.affords(len(code) * WORK_PER_CHARACTER)
    ):
        return _highlighted(code, language.lower())
    return escapeHtml(code)


def _highlighted(code: str, language: str) -> str:
    # Not above: many a process never shows code.
    from pygments import highlight
    from pygments.formatters import HtmlFormatter

    return highlight(code, _lexer(language), HtmlFormatter(nowrap=True, classprefix="hl-"))


@cache
def _lexer(language: str) -> Lexer:
    from pygments.lexers import get_lexer_by_name

    # Fenced code within Markdown would be read in any language there is.
    return get_lexer_by_name(language, handlecodeblocks=False)
