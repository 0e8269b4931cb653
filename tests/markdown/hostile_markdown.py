"""Makes Markdown whose structure is as costly as it can be, from a seed."""

from __future__ import annotations

from random import Random

UNITS = (
    *("> ", ">", "- ", "* ", "+ ", "1. ", "9) ", "  ", "    ", "\t", "\n", "\n\n", " \n", "  \n"),
    *("# ", "###### ", "---\n", "===\n", "***\n", "```\n", "~~~\n", "``` python\n"),
    *("|", "|a", "|-", "| a | b |\n", "|---|:-:|\n", "|-|-|\n|a|\n", "\\|"),
    *("- [ ] a\n", "- [x] ", "[ ] "),
    *("*", "**", "***", "_", "__", "*a", "a*", "**a", "a**", "*a_ ", "_a* ", "*a**b", "~~", "~~a"),
    *("[", "]", "![", "](", "](a)", "[a](b)", "[a](b 'c')", "[a](<b>)", "[a](<b", '[a](b "', "(("),
    *("[a]", "[a][b]", "[a][", "[a]: b\n", "[a]: b 'c\n", "[a]:\n", '[b]: <c> "d"\n', "![a](b)"),
    *("[![a](b)](c)", "[a](b", ")", "(", "'", '"'),
    *("`", "``", "`a`", "`a``", "\\`", "\\", "\\*", "\\["),
    *("<", ">", "<a", "<a>", "<!--", "-->", "<![CDATA[", "<?", "<https://a.b>", "<a@b.c>", "</a>"),
    *("&", "&amp;", "&#x41;", "&#0;", "&copy;", "&nonsense;", "http://a.b", "https://"),
    *("http://a(((", "mailto:a@b.c", "//a.b", "://", "www.a.b", "a@b.c", "http://a.b/?c=d&e=f#g"),
    *("http://a.b/'\"(", "http://a.b)"),
    *("a", "a ", "b\n", "a b c ", "\u00e4", "\u4e2d", "\U0001f600", "\u200b", "\u00a0", "\u1e9e"),
    *(".", ",", ":", ";", "!", "?", "@", "%", "0", "1", "_a", "-", "=", "+", "{", "}", "$", "^"),
)
"""What has a meaning in Markdown, or begins to have one."""

LANGUAGES = ("python", "json", "html", "bash", "diff", "sql", "c++", "klingon", "")


def hostile_markdown(seed: int, longest: int) -> str:
    """A text of about `longest` characters, or much less where that is worse."""
    random = Random(seed)
    shape = random.choice(
        (
            _repeated,
            _repeated,
            _opened_and_closed,
            _nested,
            _lazy,
            _table,
            _mixed,
            _defined,
            _fenced,
        )
    )
    return shape(random, longest)[:longest]


def _some(random: Random, most: int = 3) -> str:
    return "".join(random.choices(UNITS, k=random.randint(1, most)))


def _often(unit: str, longest: int) -> str:
    return unit * (longest // len(unit) + 1)


def _repeated(random: Random, longest: int) -> str:
    return _some(random) * random.randint(0, 9) + _often(_some(random, 4), longest)


def _opened_and_closed(random: Random, longest: int) -> str:
    parts = [_often(_some(random), longest // 3) for _ in range(3)]
    return "".join(parts[: random.randint(2, 3)])


def _prefix(random: Random, depth: int) -> str:
    return "".join(random.choices((">", "> ", "- ", "1. ", "  ", "* ", "+ "), k=depth))


def _nested(random: Random, longest: int) -> str:
    prefix = _prefix(random, 1) * random.randint(1, 60)
    line = prefix + _some(random) + "\n"
    if random.random() < 0.5:
        return _often(line, longest)
    steps = ("  " * depth + random.choice(("- ", "> ", "1. ", "")) for depth in range(200))
    return _often("".join(step + _some(random) + "\n" for step in steps), longest)


def _lazy(random: Random, longest: int) -> str:
    head = _prefix(random, random.randint(1, 60)) + _some(random) + "\n"
    return head + _often(_some(random, 2).replace("\n", "") + "\n", longest)


def _table(random: Random, longest: int) -> str:
    columns = random.choice((1, 2, 10, 60, 250, 1000))
    cell = _some(random).replace("\n", "").replace("|", "")
    head = "|" + f"{cell or 'a'}|" * columns + "\n|" + "-|" * columns + "\n"
    row = random.choice(("|\n", "|" + f"{cell}|" * columns + "\n", "a\n"))
    return _prefix(random, random.choice((0, 0, 3))) + head + _often(row, longest)


def _mixed(random: Random, longest: int) -> str:
    chosen = random.choices(UNITS, k=random.randint(2, 12))
    return "".join(random.choices(chosen, k=longest // 2))


def _defined(random: Random, longest: int) -> str:
    label = random.choice(("a", "[", "\u1e9e" * 90, "a" * 900, "a\n" * 90))
    rule = f"[{label}]: {_some(random)}\n"
    use = random.choice((f"[{label}]", f"[{label}][", "[a", f"![{label}][{label}]"))
    return _often(rule, longest // 2)[: longest // 2] + "\n\n" + _often(use, longest)


def _fenced(random: Random, longest: int) -> str:
    fence = random.choice(("```", "~~~", "````"))
    inner = _often(_some(random), random.choice((30, 300, 3_000, longest)))
    block = f"{fence}{random.choice(LANGUAGES)}\n{inner}\n{random.choice((fence, ''))}\n"
    return _often(_prefix(random, random.randint(0, 2)) + block, longest)


SHAPES = (_repeated, _opened_and_closed, _nested, _lazy, _table, _mixed, _defined, _fenced)
