"""Make a Roundup with the tickets on standard input: python fill_roundup.py HOME PASSWORD."""

import json
import subprocess
import sys
from pathlib import Path

from roundup import instance  # type: ignore[import-not-found]  # in its own environment
from roundup.support import PrioList  # type: ignore[import-not-found]  # the same

home, password = sys.argv[1:]
# Its full-text index of SQLite; mail goes nowhere.
settings = (
    "mail_domain=example.org,tracker_web=http://127.0.0.1/,mail_host=localhost,"
    "indexer=native-fts,mail_debug=/dev/null"
)
admin = [str(Path(sys.executable).with_name("roundup-admin")), "-i", home]
subprocess.run([*admin, "install", "classic", "sqlite", settings], check=True)
subprocess.run([*admin, "initialise", password], check=True)

db = instance.open(home).open("admin")
for kind in (db.issue, db.msg):  # what it does when people write, such as mail
    for listeners in (kind.auditors, kind.reactors):
        listeners.update({action: PrioList() for action in listeners})
resolved, unread = db.status.lookup("resolved"), db.status.lookup("unread")
priorities = db.priority.list()
me = db.user.lookup("admin")
for number, line in enumerate(sys.stdin, start=1):
    ticket = json.loads(line)
    texts = [ticket["description"], *ticket["comments"]]
    db.issue.create(
        title=ticket["title"],
        status=resolved if ticket["is_closed"] else unread,
        priority=priorities[ticket["priority"]],
        messages=[
            db.msg.create(author=me, content=text, summary=text.split("\n")[0][:60])
            for text in texts
        ],
    )
    if number % 1_000 == 0:
        db.commit()
db.commit()
db.close()
