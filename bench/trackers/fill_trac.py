"""Make a Trac with the tickets on standard input: python fill_trac.py HOME PASSWORD."""

import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from trac.env import open_environment  # type: ignore[import-not-found]  # in its own environment

home, _ = sys.argv[1:]
admin = [str(Path(sys.executable).with_name("trac-admin")), home]
subprocess.run([*admin, "initenv", "bench", "sqlite:db/trac.db"], check=True)
# Nobody signs in here: everyone may create tickets.
subprocess.run([*admin, "permission", "add", "anonymous", "TICKET_CREATE"], check=True)


def microseconds(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=timezone.utc)  # noqa: UP017 - any Python
    return int(moment.timestamp() * 1_000_000)


PRIORITIES = ("blocker", "critical", "major", "minor")

with open_environment(home).db_transaction as db:
    for number, line in enumerate(sys.stdin, start=1):
        ticket = json.loads(line)
        created, changed = microseconds(ticket["created_at"]), microseconds(ticket["updated_at"])
        db(
            "INSERT INTO ticket (id, type, time, changetime, priority, owner, reporter, status,"
            " resolution, summary, description)"
            " VALUES (%s, 'task', %s, %s, %s, 'bench', 'bench', %s, %s, %s, %s)",
            (
                number,
                created,
                changed,
                PRIORITIES[ticket["priority"]],
                "closed" if ticket["is_closed"] else "new",
                "fixed" if ticket["is_closed"] else None,
                ticket["title"],
                ticket["description"],
            ),
        )
        for place, comment in enumerate(ticket["comments"], start=1):
            db(
                "INSERT INTO ticket_change (ticket, time, author, field, oldvalue, newvalue)"
                " VALUES (%s, %s, 'bench', 'comment', %s, %s)",
                (number, created + place * 60_000_000, str(place), comment),
            )
