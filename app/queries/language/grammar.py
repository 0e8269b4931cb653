"""The grammar, and the parser that is made of it when the first query comes.

It takes mistakes that have a name, such as a quote that isn't closed: whoever reads the tree says
what is wrong.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lark import Lark

# A word with `://` is an address, not a field.
GRAMMAR = r"""
start: _SPACE? (term (_SPACE term)* _SPACE?)?
term: [NOT] (FIELD (VALUE | QUOTED | UNCLOSED | COMMA)* | QUOTED | UNCLOSED | WORD)

NOT.4: /-(?=[^\s-])/
FIELD.3: /[A-Za-z_]+:(?!\/\/)/
QUOTED.2: /"(?:[^"\\]|\\.)*"\*?/s
UNCLOSED.1: /"(?:[^"\\]|\\.)*\\?$/s
COMMA: ","
VALUE: /[^\s",]+/
WORD: /[^\s"]\S*/
_SPACE: /\s+/
"""


@cache
def parser() -> Lark:
    """The parser. Its library is imported here: commands that read no query don't need it."""
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=True)
