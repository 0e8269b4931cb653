"""Makes code that is as costly to colour as it can be, from a seed."""

from __future__ import annotations

from random import Random

UNITS = (
    *(" ", "\t", "\n", '"', "'", '"""', "'''", "`", "(", ")", "[", "]", "{", "}", "<", ">", "</"),
    *("<a ", "<!--", "<script>", "<style>", "<?php", "/*", "*/", "//", "#", "--", "/", "/a", "a/"),
    *("\\", "\\\n", '\\"', "$", "${", "$(", "#{", "{{", "{%", "@", "%", "&", "=", "==", ":", ";"),
    *(",", ".", "a", "a ", " a", "A", "_", "0", "0x", "1.", "1e", 'r"', "f'{", "b'", 'R"(', "%q("),
    *("%w[", "=begin\n", "<<EOF\n", "<<", "::", "->", "=>", "|", "||", "~", "^", "!", "?", "?:"),
    *("+", "-", "- ", "---\n", "+++", "@@", ">>> ", "$ ", "PS ", "select ", "class ", "def "),
    *("fn ", "let ", "<T", "template<", "struct ", "enum ", "public ", "int ", "import ", "FROM "),
    *(
        "RUN ",
        "a:\n",
        "\ta",
        "\u00e4",
        "\u4e2d",
        "[a]\n",
        "key = ",
        "a(",
        "a<",
        "a[",
        "a'b",
        "![",
        "**",
    ),
)
WIDEST = 199


def hostile_code(seed: int, longest: int) -> str:
    """Code of at most `longest` characters, in lines that aren't too long to be coloured."""
    random = Random(seed)

    def some(most: int) -> str:
        return "".join(random.choices(UNITS, k=random.randint(1, most)))

    repeated = some(2) + some(3) * longest
    halves = (some(3) * longest)[: longest // 2] + (some(3) * longest)[: longest // 2]
    line = (some(3) * WIDEST)[: random.choice((20, 100, WIDEST - 9))]
    lines = some(2) + (line + some(1) + "\n") * longest
    chosen = random.choices(UNITS, k=random.randint(2, 10))
    mixed = "".join(random.choices(chosen, k=longest))
    return _broken(random.choice((repeated, halves, lines, mixed))[:longest])[:longest]


def _broken(code: str) -> str:
    return "\n".join(
        line[start : start + WIDEST]
        for line in code.split("\n")
        for start in range(0, max(1, len(line)), WIDEST)
    )
