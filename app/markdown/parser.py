"""The Markdown parser: which rules it has, and what each step of them counts.

What a text costs can't be told from its length: quotes within quotes, tables, and brackets that
are never closed make the parser read the same characters again and again. So it counts while it
works. A rule that stands before all others counts each time that the rules are tried at a line or
at a character; what costs more than a try has a price of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, reference
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, autolink, image, link
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from app.markdown.code import coloured
from app.markdown.references import found_in
from app.markdown.work import Work, WorkExceeded

DEEPEST_BLOCK = 24
"""Quotes within quotes; a list within a list counts as two."""
DEEPEST_TAG = 60
LARGEST_HTML = 200_000
"""About how many characters come out. A reference lets few letters stand for a long address."""
HEADINGS_DOWN = 2
"""The page has headings of its own above every text."""

LINE_STEP, CHARACTER_STEP, SKIPPED = 8, 5, 1
BLOCK_TOKEN, INLINE_TEXT, LINK, DEFINITION, REFERENCE = 3, 6, 20, 20, 10
SOURCE = {">": 2, "|": 4, "*": 2, "_": 2, "~": 2}
"""What costs something at each place where it stands: a quote's line, a cell, a delimiter."""
CHARACTERS_A_UNIT = 16
TOKEN_SIZE = 10

WRAPPED_AT = 60
"""A line of so many characters was probably broken by an editor, to fit a terminal: it flows on.
One that is shorter was ended on purpose."""

TASK_LABELS = {True: "Completed task", False: "Open task"}

_ADDRESS = re.compile(r"(?<!\w)(?:https?://|mailto:)[^\s<>\"`]+", re.IGNORECASE)
_SAFE_IN_ADDRESS = ";/?:@&=+$,-_.!~*'()#%[]"
_AFTER_ADDRESS = ".,:;!?'*_~\u2026\u2019\u201d\u00bb\u3002\uff0c\u3001\uff09"
"""Ends of sentences and quotations, in Western and in Chinese writing."""

_INTERRUPTED = ["paragraph", "reference", "blockquote", "list"]
"""Whatever another block may interrupt: there, too, the rules are tried line by line."""


def _make_parser() -> MarkdownIt:
    # A short line that was broken stays broken: workers report in lines, and forms are typed in
    # lines.
    # The parser would leave out what is nested deeper than it may; counting refuses it before.
    options = {"html": False, "breaks": True, "tasklists": True, "maxNesting": DEEPEST_BLOCK + 4}
    made = _Parser("commonmark", options, renderer_cls=_Renderer)
    made.inline = _Inline()
    made.configure("commonmark", options)
    made.enable(["table", "strikethrough"])
    made.disable(["html_block", "html_inline"])
    made.core.ruler.before("block", "count_source", _count_source)
    made.block.ruler.before("table", "count_line", _count_line, {"alt": _INTERRUPTED})
    made.block.ruler.at("reference", _definition)
    made.core.ruler.after("block", "count_texts", _count_texts)
    made.inline.ruler.before("text", "count_character", _count_character)
    for name, rule in (("link", link), ("image", image), ("autolink", autolink)):
        made.inline.ruler.at(name, _priced(rule, LINK))
    made.core.ruler.after("inline", "addresses", _link_addresses)
    made.core.ruler.after("text_join", "references", _mark_references)
    made.core.ruler.push("headings_down", _move_headings_down)
    made.core.ruler.push("images_as_links", _turn_images_into_links)
    made.core.ruler.push("count_tokens", _count_tokens)
    return made


class _Parser(MarkdownIt):
    """Its own ways with addresses take microseconds for each character."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the library's name
        return quote(url, safe=_SAFE_IN_ADDRESS)

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 - the library's name
        return link


class _Inline(ParserInline):
    def skipToken(self, state: StateInline) -> None:  # noqa: N802 - the library's name
        # A bracket looks ahead for its end, over what was read before: no rule is tried for that.
        _work(state).spend(SKIPPED)
        super().skipToken(state)


class _Renderer(RendererHTML):
    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        del options
        token = tokens[idx]
        language = (token.info.split() or [""])[0]
        return f"<pre><code>{coloured(token.content, language, env['work'])}</code></pre>\n"

    def softbreak(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        length = 0
        for token in reversed(tokens[:idx]):
            if token.type in ("softbreak", "hardbreak"):
                break
            length += len(token.content)
        return "\n" if length >= WRAPPED_AT else super().softbreak(tokens, idx, options, env)

    def list_item_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        token = tokens[idx]
        opened = self.renderToken(tokens, idx, options, env)
        if "checked" not in token.meta:
            return opened
        checked = " checked" if token.meta["checked"] else ""
        label = TASK_LABELS[token.meta["checked"]]
        return f'{opened}<input type="checkbox" disabled{checked} aria-label="{label}"> '


def _work(state: StateBlock | StateInline | StateCore) -> Work:
    work: Work = state.env["work"]
    return work


def _count_source(state: StateCore) -> None:
    marks = sum(state.src.count(mark) * price for mark, price in SOURCE.items())
    _work(state).spend(len(state.src) // CHARACTERS_A_UNIT + marks)


def _count_line(state: StateBlock, line: int, _end: int, _silent: bool) -> bool:
    length = state.eMarks[line] - state.bMarks[line]
    _work(state).spend(LINE_STEP + length // CHARACTERS_A_UNIT)
    _count_blocks(state)
    if state.level > DEEPEST_BLOCK:
        raise WorkExceeded
    return False


def _definition(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    found = reference(state, line, end, silent)
    if found:
        _work(state).spend(DEFINITION)
    return found


def _count_blocks(state: StateBlock | StateCore) -> None:
    # A table's row makes three for each column that the table has, whatever is in the row.
    made = len(state.tokens)
    if new := made - state.env.get("counted", 0):
        state.env["counted"] = made
        _work(state).spend(new * BLOCK_TOKEN)


def _count_texts(state: StateCore) -> None:
    _count_blocks(state)
    texts = sum(token.type == "inline" for token in state.tokens)
    _work(state).spend(texts * INLINE_TEXT)


def _count_character(state: StateInline, _silent: bool) -> bool:
    _work(state).spend(CHARACTER_STEP)
    return False


def _priced(
    rule: Callable[[StateInline, bool], bool], price: int
) -> Callable[[StateInline, bool], bool]:
    def priced(state: StateInline, silent: bool) -> bool:
        found = rule(state, silent)
        if found:
            _work(state).spend(price)
        return found

    return priced


def _count_tokens(state: StateCore) -> None:
    size = 0
    for token in _all_tokens(state.tokens):
        size += TOKEN_SIZE + len(token.content)
        size += sum(len(str(value)) for value in token.attrs.values())
        if size > LARGEST_HTML or token.level > DEEPEST_TAG:
            raise WorkExceeded


def _all_tokens(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _link_addresses(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and token.children and _ADDRESS.search(token.content):
            token.children = list(_with_addresses_linked(state, token.children))


def _with_addresses_linked(state: StateCore, tokens: Sequence[Token]) -> Iterator[Token]:
    links = 0
    for token in tokens:
        if token.type in ("link_open", "link_close"):
            links += token.nesting
        if token.type == "text" and not links:
            yield from _linked(state, token)
        else:
            yield token


def _linked(state: StateCore, token: Token) -> Iterator[Token]:
    text, done = token.content, 0
    for found in _ADDRESS.finditer(text):
        address = _without_what_follows(found.group())
        href = state.md.normalizeLink(address)
        _work(state).spend(LINK)
        if not state.md.validateLink(href):
            continue
        if found.start() > done:
            yield _text(text[done : found.start()], token.level)
        yield Token("link_open", "a", 1, attrs={"href": href}, level=token.level)
        yield _text(address, token.level + 1)
        yield Token("link_close", "a", -1, level=token.level)
        done = found.start() + len(address)
    if done < len(text):
        yield _text(text[done:], token.level)


def _mark_references(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = list(_with_references_marked(state, token.children))


def _with_references_marked(state: StateCore, tokens: Sequence[Token]) -> Iterator[Token]:
    links = 0
    for token in tokens:
        if token.type in ("link_open", "link_close"):
            links += token.nesting
        if token.type != "text" or links:
            yield token
            continue
        text, done = token.content, 0
        for kind, written, start, end in found_in(text):
            _work(state).spend(REFERENCE)
            yield _text(text[done:start], token.level)
            opening = Token("ref_open", "span", 1, meta={kind: written}, level=token.level)
            opening.attrSet("class", f"ref-{kind}")
            yield opening
            yield _text(written, token.level + 1)
            yield Token("ref_close", "span", -1, level=token.level)
            done = end
        yield _text(text[done:], token.level) if done else token


def _without_what_follows(address: str) -> str:
    """The address without the end of the sentence, or of the parenthesis, that it stands in."""
    unopened = address.count(")") - address.count("(")
    end = len(address)
    while end:
        if address[end - 1] == ")" and unopened > 0:
            unopened -= 1
        elif address[end - 1] not in _AFTER_ADDRESS:
            break
        end -= 1
    return address[:end]


def _text(content: str, level: int) -> Token:
    return Token("text", "", 0, content=content, level=level)


def _move_headings_down(state: StateCore) -> None:
    """Below the page's own headings, and without a gap: a text that begins with `##`, or goes from
    `#` to `###`, would skip a level for those who find their way by headings."""
    outer: list[str] = []
    for token in state.tokens:
        if token.type == "heading_open":
            outer = [*(tag for tag in outer if tag < token.tag), token.tag]
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(len(outer) + HEADINGS_DOWN, 6)}"


def _turn_images_into_links(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = list(_without_images(token.children))


def _without_images(tokens: Sequence[Token]) -> Iterator[Token]:
    is_in_link = False
    for token in tokens:
        if token.type in ("link_open", "link_close"):
            is_in_link = token.type == "link_open"
        if token.type != "image":
            yield token
            continue
        words = token.children or [Token("text", "", 0, content="image")]
        if is_in_link:
            yield from words
        else:
            yield Token("link_open", "a", 1, attrs={"href": token.attrGet("src") or ""})
            yield from words
            yield Token("link_close", "a", -1)


parser = _make_parser()
