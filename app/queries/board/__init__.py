"""The board: tickets as cards in columns, of one project or of all, in lanes if wanted.

`scope` what is looked at · `counts` how many stand where · `cards` the first of each column, and
those that follow · `limits` of work in progress · `layout` columns and lanes, made of these.
"""

from app.queries.board.cards import CARDS_AT_FIRST, CARDS_AT_ONCE, CARDS_MAX, Card
from app.queries.board.layout import Board, Cell, Column, Lane, board, following_cards
from app.queries.board.limits import number_begun
from app.queries.board.scope import Scope, board_version

__all__ = [
    "CARDS_AT_FIRST",
    "CARDS_AT_ONCE",
    "CARDS_MAX",
    "Board",
    "Card",
    "Cell",
    "Column",
    "Lane",
    "Scope",
    "board",
    "board_version",
    "following_cards",
    "number_begun",
]
