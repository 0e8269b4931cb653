"""Colours for code, in the languages that agents write."""

from __future__ import annotations

import re
from functools import cache

from markdown_it.common.utils import escapeHtml
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name

from app.markdown.work import Work

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

_formatter: HtmlFormatter[str] = HtmlFormatter(nowrap=True, classprefix="hl-")


def coloured(code: str, language: str, work: Work) -> str:
    """The code as HTML, in colours if its language is known and it isn't too much."""
    if (
        language.lower() in LANGUAGES
        and len(code) <= LONGEST_HIGHLIGHTED
        and not _LONG_LINE.search(code)
        and work.affords(len(code) * WORK_PER_CHARACTER)
    ):
        return highlight(code, _lexer(language.lower()), _formatter)
    return escapeHtml(code)


@cache
def _lexer(language: str) -> Lexer:
    # Fenced code within Markdown would be read in any language there is.
    return get_lexer_by_name(language, handlecodeblocks=False)
