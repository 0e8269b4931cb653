"""The full-text index over tickets and comments, as each database keeps it.

Each text, a ticket's own or a comment, is a row of `search_documents`: its number says how new the
text is. SQLite keeps the words in an FTS5 table without texts of its own, by that number;
PostgreSQL in the column `words`, with a GIN index. Triggers keep both, so that rows that somebody
stores by plain SQL are found too. There are no foreign keys: they would take a row away before
the trigger that has to know it.

A word is made of letters and digits; its case doesn't count, its accents do. The project is among
a text's words too, as one that nobody can type: a search in one project doesn't meet the others'.

The index can be made from the texts at any time. So its shape stands here alone: who changes it
adds a migration that calls `rebuild`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, inspect, text

from app.values import immutable

DOCUMENTS, FTS, WORDS = "search_documents", "search_fts", "search_fts_words"

NEWEST_MAX = 5_000
"""Texts that one search finds at most, the newest. So a word that half of all texts hold costs no
more than a rare one."""

TICKET_CHANGED = "UPDATE OF ticket_id, project_id, title, description"
"""A claim changes none of these, so it pays nothing."""
COMMENT_CHANGED = "UPDATE OF id, ticket_id, content"

# --- SQLite

# The words of the index in order, which it keeps anyway: this stores nothing.
SQLITE_WORDS = """
CREATE VIRTUAL TABLE IF NOT EXISTS search_fts_words USING fts5vocab(search_fts, instance)"""

SQLITE_TABLES = (
    """
CREATE TABLE search_documents (
  id INTEGER PRIMARY KEY, project_id TEXT, ticket_id TEXT NOT NULL, comment_id INTEGER
)""",
    # Accents are kept: PostgreSQL has nothing of its own that takes them away. One or two letters
    # are the beginnings of so many words that they have lists of their own: else FTS5 would merge
    # those of all these words before it gives the newest.
    """
CREATE VIRTUAL TABLE search_fts USING fts5(
  project, ticket_id, title, text, content='', tokenize='unicode61 remove_diacritics 0',
  prefix='1 2'
)""",
    SQLITE_WORDS,
)
SQLITE_FILL = (
    # Much memory while all words are sorted; afterwards FTS5's own default again. More would end in
    # one piece, where FTS5 keeps the smallest: sixteen comments later it would be merged with them.
    "INSERT INTO search_fts (search_fts, rank) VALUES ('hashsize', 4194304)",
    """
INSERT INTO search_documents (project_id, ticket_id, comment_id)
SELECT project_id, ticket_id, comment_id FROM (
  SELECT project_id, ticket_id, NULL AS comment_id, created_at FROM tickets
  UNION ALL
  SELECT t.project_id, t.ticket_id, c.id, c.created_at
  FROM comments c JOIN tickets t ON t.ticket_id = c.ticket_id
) ORDER BY created_at, ticket_id, comment_id""",
    """
INSERT INTO search_fts (rowid, project, ticket_id, title, text)
SELECT d.id, hex(d.project_id), own.ticket_id, own.title, coalesce(c.content, own.description)
FROM search_documents d
LEFT JOIN tickets own ON own.ticket_id = d.ticket_id AND d.comment_id IS NULL
LEFT JOIN comments c ON c.id = d.comment_id
ORDER BY d.id""",
    "INSERT INTO search_fts (search_fts, rank) VALUES ('hashsize', 1048576)",
    # Else the next one to write a comment would merge all that at once.
    "INSERT INTO search_fts (search_fts) VALUES ('optimize')",
)
SQLITE_INDEXES = (
    """
CREATE INDEX ix_search_documents_ticket ON search_documents (ticket_id COLLATE NOCASE)
WHERE comment_id IS NULL""",
    """
CREATE UNIQUE INDEX ix_search_documents_comment ON search_documents (comment_id)
WHERE comment_id IS NOT NULL""",
)

# Without texts of its own, FTS5 forgets a text only when it is told each word of it.
FORGET = """
  INSERT INTO search_fts (search_fts, rowid, project, ticket_id, title, text)
    SELECT 'delete', id, hex(project_id), {words} FROM search_documents WHERE {document};
  DELETE FROM search_documents WHERE {document};"""
ADD = """
  INSERT INTO search_documents (project_id, ticket_id, comment_id)
    VALUES ({project}, new.ticket_id, {comment});
  INSERT INTO search_fts (rowid, project, ticket_id, title, text)
    SELECT id, hex(project_id), {words} FROM search_documents WHERE id = last_insert_rowid();"""

FORGET_TICKET = FORGET.format(
    words="old.ticket_id, old.title, old.description",
    document="ticket_id COLLATE NOCASE = old.ticket_id AND ticket_id = old.ticket_id"
    " AND comment_id IS NULL",
)
ADD_TICKET = ADD.format(
    project="new.project_id", comment="NULL", words="new.ticket_id, new.title, new.description"
)
FORGET_COMMENT = FORGET.format(words="NULL, NULL, old.content", document="comment_id = old.id")
ADD_COMMENT = ADD.format(
    project="(SELECT project_id FROM tickets WHERE ticket_id = new.ticket_id)",
    comment="new.id",
    words="NULL, NULL, new.content",
)
SQLITE_TRIGGERS: Mapping[str, str] = {
    name: f"CREATE TRIGGER {name} AFTER {happened} BEGIN{steps}\nEND"
    for name, happened, steps in (
        ("search_ticket_added", "INSERT ON tickets", ADD_TICKET),
        ("search_ticket_changed", f"{TICKET_CHANGED} ON tickets", FORGET_TICKET + ADD_TICKET),
        ("search_ticket_deleted", "DELETE ON tickets", FORGET_TICKET),
        ("search_comment_added", "INSERT ON comments", ADD_COMMENT),
        ("search_comment_changed", f"{COMMENT_CHANGED} ON comments", FORGET_COMMENT + ADD_COMMENT),
        ("search_comment_deleted", "DELETE ON comments", FORGET_COMMENT),
    )
}

SQLITE_SEARCH = text("""
SELECT d.ticket_id, d.comment_id
FROM search_fts JOIN search_documents d ON d.id = search_fts.rowid
WHERE search_fts MATCH :words ORDER BY search_fts.rowid DESC LIMIT :most""")

# From each word to the next: to list them would go through all the places where each stands.
# Behind the word, after a space, comes the column of the first of these. No word has a space in it,
# so that is also where to go on from. At the end comes NULL.
SQLITE_COMPLETIONS = text("""
WITH RECURSIVE words (word) AS (
  SELECT (
    SELECT term || ' ' || col FROM search_fts_words
    WHERE term >= :first AND term < :end ORDER BY term LIMIT 1
  )
  UNION ALL
  SELECT (
    SELECT term || ' ' || col FROM search_fts_words
    WHERE term >= substr(word, 1, instr(word, ' ')) AND term < :end ORDER BY term LIMIT 1
  )
  FROM words WHERE word IS NOT NULL
  LIMIT :most
)
SELECT CAST(word AS BLOB) FROM words WHERE word IS NOT NULL""")
OF_PROJECT = b" project"
"""How a project's own word ends there."""

COMPLETIONS_MAX, COMPLETIONS_IN_PHRASE_MAX = 200, 5
"""Words that are asked for themselves instead of by their beginning. More would take longer than
that does; in a phrase of several words each goes through the places of the others once more."""

WORDY = r"0-9A-Za-z\x80-\U0010ffff"
"""What may be a part of a word. The rest separates words: of ASCII alone that is certain."""
LAST_WORD = re.compile(rf"(?<![{WORDY}])[^\W_]{{3,}}(?=[^{WORDY}]*\Z)")
OTHER_WORD = re.compile(f"[{WORDY}]")

# --- PostgreSQL

# Its own parser takes addresses, file names and versions for one word each, and a number behind a
# dash for a negative one; FTS5 doesn't. So the words are told apart here, as FTS5 does it.
POSTGRESQL_FUNCTIONS: Mapping[str, str] = {
    "callboard_split": """(whole text) RETURNS TABLE (word text, place bigint)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT left(w.word, 500), w.place
  FROM string_to_table(
    regexp_replace(lower(left(whole, 131072)), '[^[:alnum:]]+', ' ', 'g'), ' '
  ) WITH ORDINALITY AS w (word, place)
  WHERE w.word <> ''
$$""",
    "callboard_words": """(whole text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(string_agg(word || ':' || least(place, 16383), ' '), '')::tsvector
  FROM callboard_split(whole)
$$""",
    "callboard_phrase": """(whole text, is_beginning boolean) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (string_agg(word, ' <-> ' ORDER BY place)
          || CASE WHEN is_beginning THEN ':*' ELSE '' END)::tsquery
  FROM callboard_split(whole)
$$""",
    "callboard_project": """(project text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_to_tsvector(ARRAY['/' || encode(convert_to(project, 'UTF8'), 'hex')])
$$""",
    # The slash between them is a word too: no phrase goes from the title into the description.
    "callboard_words_of_ticket": """(project text, id text, title text, description text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT callboard_words(id) || '/:1'::tsvector || callboard_words(title) || '/:1'::tsvector
         || callboard_words(description) || callboard_project(project)
$$""",
    "callboard_words_of_comment": """(project text, content text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT callboard_words(content) || callboard_project(project)
$$""",
    "callboard_index_ticket": """() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM search_documents WHERE lower(ticket_id) COLLATE "C" = lower(OLD.ticket_id)
      AND ticket_id = OLD.ticket_id AND comment_id IS NULL;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO search_documents (project_id, ticket_id, words) VALUES (
      NEW.project_id, NEW.ticket_id,
      callboard_words_of_ticket(NEW.project_id, NEW.ticket_id, NEW.title, NEW.description)
    );
  END IF;
  RETURN NULL;
END $$""",
    "callboard_index_comment": """() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM search_documents WHERE comment_id = OLD.id;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO search_documents (project_id, ticket_id, comment_id, words)
    SELECT project_id, ticket_id, NEW.id, callboard_words_of_comment(project_id, NEW.content)
    FROM tickets WHERE ticket_id = NEW.ticket_id;
  END IF;
  RETURN NULL;
END $$""",
}
POSTGRESQL_TABLE = """
CREATE TABLE search_documents (
  id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT pk_search_documents PRIMARY KEY,
  project_id text, ticket_id text NOT NULL, comment_id bigint, words tsvector NOT NULL
)"""
POSTGRESQL_FILL = """
INSERT INTO search_documents (project_id, ticket_id, comment_id, words)
SELECT t.project_id, t.ticket_id, c.id, CASE
  WHEN c.id IS NULL
  THEN callboard_words_of_ticket(t.project_id, t.ticket_id, t.title, t.description)
  ELSE callboard_words_of_comment(t.project_id, c.content)
END
FROM (
  SELECT ticket_id, NULL AS comment_id, created_at FROM tickets
  UNION ALL SELECT ticket_id, id, created_at FROM comments
  ORDER BY created_at, ticket_id, comment_id NULLS FIRST
) d
JOIN tickets t ON t.ticket_id = d.ticket_id
LEFT JOIN comments c ON c.id = d.comment_id
ORDER BY d.created_at, d.ticket_id, d.comment_id NULLS FIRST"""
POSTGRESQL_INDEXES = (
    """
CREATE INDEX ix_search_documents_ticket ON search_documents ((lower(ticket_id) COLLATE "C"))
WHERE comment_id IS NULL""",
    """
CREATE UNIQUE INDEX ix_search_documents_comment ON search_documents (comment_id)
WHERE comment_id IS NOT NULL""",
    "CREATE INDEX ix_search_documents_words ON search_documents USING gin (words)",
)
POSTGRESQL_TRIGGERS: Mapping[str, str] = {
    "search_ticket": f"CREATE TRIGGER search_ticket AFTER INSERT OR DELETE OR {TICKET_CHANGED} "
    "ON tickets FOR EACH ROW EXECUTE FUNCTION callboard_index_ticket()",
    "search_comment": f"CREATE TRIGGER search_comment AFTER INSERT OR DELETE OR {COMMENT_CHANGED} "
    "ON comments FOR EACH ROW EXECUTE FUNCTION callboard_index_comment()",
}

# Of a word that isn't frequent PostgreSQL doesn't know how rare it is. For a small limit it would
# rather meet it in the order of the texts, of which ten of six million have it.
POSTGRESQL_SEARCH = """
WITH newest AS MATERIALIZED (
  SELECT id, ticket_id, comment_id FROM search_documents
  WHERE words @@ ({words}) ORDER BY id DESC LIMIT :newest
)
SELECT ticket_id, comment_id FROM newest ORDER BY id DESC LIMIT :most"""

# --- What is missing

SQLITE_TRIGGERS_THERE = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
POSTGRESQL_TRIGGERS_ON = text("""
SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')
  AND tgrelid IN (to_regclass('tickets'), to_regclass('comments'))""")

STRAYS = (
    """
SELECT ticket_id FROM tickets
EXCEPT SELECT ticket_id FROM search_documents WHERE comment_id IS NULL""",
    """
SELECT c.ticket_id FROM comments c
WHERE NOT EXISTS (SELECT 1 FROM search_documents d WHERE d.comment_id = c.id)""",
    """
SELECT d.ticket_id FROM search_documents d WHERE d.comment_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM tickets t WHERE t.ticket_id = d.ticket_id)""",
    """
SELECT d.ticket_id FROM search_documents d WHERE d.comment_id IS NOT NULL AND NOT EXISTS
  (SELECT 1 FROM comments c WHERE c.id = d.comment_id AND c.ticket_id = d.ticket_id)""",
)
SQLITE_STRAYS = (
    """
SELECT d.ticket_id FROM search_documents d
WHERE NOT EXISTS (SELECT 1 FROM search_fts_docsize w WHERE w.id = d.id)""",
    """
SELECT 'text ' || w.id FROM search_fts_docsize w
WHERE NOT EXISTS (SELECT 1 FROM search_documents d WHERE d.id = w.id)""",
)


@immutable
class Phrase:
    """Words that stand one after the other; `is_beginning`: the last one may go on."""

    text: str
    is_beginning: bool = False


def create(connection: Connection) -> None:
    """Make the index, fill it with all texts there are, and keep it from now on."""
    if connection.dialect.name == "sqlite":
        steps = (*SQLITE_TABLES, *SQLITE_FILL, *SQLITE_INDEXES, *SQLITE_TRIGGERS.values())
    else:
        functions = (f"CREATE FUNCTION {name}{it}" for name, it in POSTGRESQL_FUNCTIONS.items())
        made = (*functions, POSTGRESQL_TABLE, POSTGRESQL_FILL)
        # Nothing is known of a new table: all texts with a word would be sorted for the newest.
        known = f"ANALYZE {DOCUMENTS}"
        steps = (*made, *POSTGRESQL_INDEXES, *POSTGRESQL_TRIGGERS.values(), known)
    for step in steps:
        connection.exec_driver_sql(step)


def drop(connection: Connection) -> None:
    """Take away whatever is there of it."""
    if connection.dialect.name == "sqlite":
        steps = [f"DROP TRIGGER IF EXISTS {name}" for name in SQLITE_TRIGGERS]
        steps += [f"DROP TABLE IF EXISTS {name}" for name in (WORDS, FTS, DOCUMENTS)]
    else:
        steps = [f"DROP TABLE IF EXISTS {DOCUMENTS}"]
        # With the functions go the triggers that call them.
        steps += [f"DROP FUNCTION IF EXISTS {name} CASCADE" for name in POSTGRESQL_FUNCTIONS]
    for step in steps:
        connection.exec_driver_sql(step)


def rebuild(connection: Connection) -> None:
    """Make it anew, whatever is there. Others can't write meanwhile."""
    drop(connection)
    create(connection)


def is_of_index(table: str) -> bool:
    """Whether a table belongs to the index: FTS5 keeps some of its own beside its table."""
    return table == DOCUMENTS or table.startswith(FTS)


def missing_parts(connection: Connection) -> list[str]:
    """Tables and triggers of the index that aren't there, or are switched off."""
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        parts = (DOCUMENTS, FTS, WORDS, *SQLITE_TRIGGERS)
    else:
        parts = (DOCUMENTS, *POSTGRESQL_TRIGGERS)
    triggers = connection.scalars(SQLITE_TRIGGERS_THERE if is_sqlite else POSTGRESQL_TRIGGERS_ON)
    there = {*inspect(connection).get_table_names(), *triggers}
    return [name for name in parts if name not in there]


def strays(connection: Connection) -> list[str]:
    """Texts that aren't in the index, as the ids of their tickets, and what is in it of texts that
    are gone. Whether it knows the right words of each isn't asked: to make it anew takes as long.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    queries = (*STRAYS, *SQLITE_STRAYS) if is_sqlite else STRAYS
    return [name for query in queries for name in connection.scalars(text(query))]


def find_texts(
    connection: Connection,
    phrases: Sequence[Phrase],
    only: str | None,
    hidden: Sequence[str],
    most: int | None = None,
) -> Sequence[tuple[str, int | None]]:
    """The newest texts that hold all the phrases: the id of each one's ticket, and of its comment,
    None for the ticket's own text. One more than `most` (else `NEWEST_MAX`) when there are more. In
    one project, or in all but some."""
    values: dict[str, Any] = {"most": (most or NEWEST_MAX) + 1}
    if connection.dialect.name == "sqlite":
        choices = [_completions(connection, phrase) for phrase in phrases]
        values["words"] = _fts5_query(choices, only, hidden)
        return [tuple(row) for row in connection.execute(SQLITE_SEARCH, values)]
    values["newest"] = NEWEST_MAX + 1
    terms = []
    for number, phrase in enumerate(phrases):
        terms.append(f"callboard_phrase(:text_{number}, :is_beginning_{number})")
        values |= {f"text_{number}": phrase.text, f"is_beginning_{number}": phrase.is_beginning}
    if only is not None or hidden:
        terms.append("CAST(:projects AS tsquery)")
        values["projects"] = _projects_tsquery(only, hidden)
    query = POSTGRESQL_SEARCH.format(words=" && ".join(terms))
    return [tuple(row) for row in connection.execute(text(query), values)]


def _completions(connection: Connection, phrase: Phrase) -> list[Phrase]:
    """A phrase, or what its last word may go on to: whole words, of which one finds the same texts.

    FTS5 reads whole words from the newest text on. For the beginning of some, it first merges all
    their texts, even if it is the beginning of a single word that half of them hold.
    """
    last = LAST_WORD.search(phrase.text) if phrase.is_beginning else None
    if last is None:
        return [phrase]
    # FTS5 has a lower case of its own. Where it isn't the one below, no word of the index begins
    # so, and the phrase stays.
    first = last[0].encode().lower().decode()
    before = phrase.text[: last.start()]
    most = COMPLETIONS_IN_PHRASE_MAX if OTHER_WORD.search(before) else COMPLETIONS_MAX
    end = first[:-1] + chr(ord(first[-1]) + 1)
    values = {"first": first, "end": end, "most": most + 1}
    words: Sequence[bytes] = connection.scalars(SQLITE_COMPLETIONS, values).all()
    # All texts of a project hold its word, and FTS5 would look into each for another place of it.
    if not 0 < len(words) <= most or any(word.endswith(OF_PROJECT) for word in words):
        return [phrase]
    try:
        return [Phrase(before + str(word.partition(b" ")[0], "utf-8")) for word in words]
    except UnicodeDecodeError:  # FTS5 cuts very long words, maybe within a character
        return [phrase]


def _fts5_query(
    choices: Sequence[Sequence[Phrase]], only: str | None, hidden: Sequence[str]
) -> str:
    """One of each. All that somebody typed stands in quotes, where FTS5 knows no syntax."""
    terms = (f"({' OR '.join(map(_quoted, phrases))})" for phrases in choices)
    query = f"{{ticket_id title text}} : ({' AND '.join(terms)})"
    if only is not None:
        query = f'project : "{_one_word(only)}" AND {query}'
    if hidden:
        words = " OR ".join(f'"{_one_word(name)}"' for name in hidden)
        query = f"({query}) NOT project : ({words})"
    return query


def _quoted(phrase: Phrase) -> str:
    return f'"{phrase.text.replace(chr(34), " ")}"' + "*" * phrase.is_beginning


def _projects_tsquery(only: str | None, hidden: Sequence[str]) -> str:
    parts = [f"'/{_one_word(only)}'"] if only is not None else []
    return " & ".join([*parts, *(f"!'/{_one_word(name)}'" for name in hidden)])


def _one_word(project: str) -> str:
    """A project's name as a single word, whatever stands in it."""
    return project.encode().hex()
