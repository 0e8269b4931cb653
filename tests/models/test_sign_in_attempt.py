"""Passwords can't be guessed for long, and a guesser locks nobody else out."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from app import clock
from app.db import engine
from app.db.base import db
from app.errors import TooMany
from app.models import SignInAttempt
from tests.processes import FORKING, PATIENCE

HOME, ELSEWHERE = "10.0.0.7", "203.0.113.9"
PER_ACCOUNT, PER_ADDRESS = SignInAttempt.PER_ACCOUNT, SignInAttempt.PER_ADDRESS


@pytest.fixture
def frozen():
    with time_machine.travel("2026-03-02 12:00:00+00:00", tick=False) as now:
        yield now


def fail(session, name="ann", address=ELSEWHERE, times=1):
    for _ in range(times):
        SignInAttempt.begin(session, name, address)


def succeed(session, name="ann", address=HOME):
    SignInAttempt.begin(session, name, address).succeed()
    session.flush()


def addresses(count):
    return [f"198.51.100.{number}" for number in range(1, count + 1)]


def test_an_account_takes_so_many_failures_from_strangers_however_many_they_are(session, frozen):
    for address in addresses(PER_ACCOUNT):
        fail(session, " Ann" if address.endswith("1") else "ann", address)
    with pytest.raises(TooMany, match="Wait 15 minutes") as refused:
        fail(session, address="192.0.2.1")
    assert refused.value.retry_after == 15 * 60
    fail(session, "bob", "192.0.2.1")


def test_a_name_that_nobody_has_is_refused_after_as_many(session, frozen):
    fail(session, "nobody", times=PER_ACCOUNT)
    with pytest.raises(TooMany):
        fail(session, "nobody")


def test_an_address_takes_so_many_failures_whomever_it_tries(session, frozen):
    for number in range(PER_ADDRESS):
        fail(session, f"name-{number}")
    with pytest.raises(TooMany):
        fail(session, "another")
    fail(session, "another", HOME)


def test_a_network_of_ipv6_counts_as_one_address(session, frozen):
    for number in range(PER_ADDRESS):
        fail(session, f"name-{number}", f"2001:db8:1:2::{number:x}")
    with pytest.raises(TooMany):
        fail(session, "another", "2001:db8:1:2:ffff::1")
    fail(session, "another", "2001:db8:1:3::1")


def test_an_ipv4_address_is_the_same_written_as_ipv6(session, frozen):
    for number in range(PER_ADDRESS):
        fail(session, f"name-{number}", f"::ffff:{ELSEWHERE}")
    with pytest.raises(TooMany):
        fail(session, "another", ELSEWHERE)


def test_its_owner_still_comes_in_from_a_known_address_while_a_stranger_attacks(session, frozen):
    succeed(session)
    fail(session, times=PER_ACCOUNT)
    with pytest.raises(TooMany):
        fail(session)
    succeed(session)
    with pytest.raises(TooMany):
        fail(session, address="192.0.2.1")


def test_at_a_known_address_there_is_a_limit_too(session, frozen):
    succeed(session)
    fail(session, address=HOME, times=PER_ACCOUNT)
    with pytest.raises(TooMany):
        fail(session, address=HOME)
    succeed(session, address=ELSEWHERE)


def test_the_window_ends_and_nobody_is_locked_out_for_longer(session, frozen):
    fail(session, times=PER_ACCOUNT)
    frozen.shift(SignInAttempt.WINDOW - timedelta(seconds=1))
    with pytest.raises(TooMany) as refused:
        fail(session)
    frozen.shift(refused.value.retry_after)
    fail(session)


def test_a_refused_try_makes_the_wait_no_longer(session, frozen):
    fail(session, times=PER_ACCOUNT)
    for _ in range(3):
        frozen.shift(60)
        with pytest.raises(TooMany):
            fail(session)
    assert session.scalar(select(func.count(SignInAttempt.id))) == PER_ACCOUNT


def test_an_address_is_known_for_a_month_and_old_tries_are_forgotten(session, frozen):
    succeed(session)
    fail(session, times=3)
    frozen.shift(SignInAttempt.KNOWN_FOR + timedelta(seconds=1))
    fail(session, times=PER_ACCOUNT)
    assert session.scalar(select(func.count(SignInAttempt.id))) == PER_ACCOUNT
    with pytest.raises(TooMany):
        fail(session, address=HOME)


def test_no_name_is_kept_because_people_type_passwords_there(session):
    fail(session, "correct horse battery")
    kept = session.scalars(select(SignInAttempt)).one()
    assert "correct" not in str(vars(kept))


def try_often(url: str, times: int, go, answers) -> None:
    """A process of its own that guesses."""
    database = create_engine(url, **engine.engine_options(url))
    engine.prepare(database)
    go.wait()
    let_through = 0
    for _ in range(times):
        with Session(database) as session:
            try:
                SignInAttempt.begin(session, "ann", ELSEWHERE)
                time.sleep(0.02)  # long enough for the others to look meanwhile
                session.commit()
                let_through += 1
            except TooMany:
                session.rollback()
    answers.put(let_through)


def test_several_processes_let_through_no_more_tries_than_one(app):
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    go, answers = FORKING.Barrier(4), FORKING.Queue()
    guessers = [
        FORKING.Process(target=try_often, args=(url, PER_ACCOUNT, go, answers)) for _ in range(4)
    ]
    for process in guessers:
        process.start()
    let_through = [answers.get(timeout=PATIENCE) for _ in guessers]
    for process in guessers:
        process.join(PATIENCE)
    assert sum(let_through) == PER_ACCOUNT
    with app.app_context():
        kept = db.session.scalars(select(SignInAttempt.created_at)).all()
    assert len(kept) == PER_ACCOUNT
    assert max(kept) <= clock.now()
