"""Writes what SQLAlchemy sends on PostgreSQL for drawn queries and units of work, values in their places: a JSON list.

`PROOF_HOST` is the folder of the server's socket.
"""

import json
import os
import random
import sys
from datetime import date, timedelta

import psycopg
from sqlalchemy import ForeignKey, Index, String, and_, create_engine, delete, event, exists, func, insert, or_, select
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    contains_eager,
    joinedload,
    load_only,
    mapped_column,
    relationship,
    selectinload,
    subqueryload,
)

DRAWS = 1500
draw = random.Random(20)
sent = []


class Base(DeclarativeBase):
    pass


class Team(Base):
    __tablename__ = "team"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    members: Mapped[list["Member"]] = relationship(back_populates="team")


class Member(Base):
    __tablename__ = "member"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    email: Mapped[str | None]
    joined: Mapped[date]
    points: Mapped[int] = mapped_column(default=0)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    team: Mapped[Team | None] = relationship(back_populates="members")
    orders: Mapped[list["Order"]] = relationship(back_populates="member", cascade="all, delete-orphan")
    __table_args__ = (Index("member_points", "points"),)


class Order(Base):
    __tablename__ = "order"
    id: Mapped[int] = mapped_column(primary_key=True)
    total: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    member: Mapped[Member] = relationship(back_populates="orders")


def note(connection, cursor, statement, parameters, context, executemany):
    client = psycopg.ClientCursor(cursor.connection)
    for values in parameters if isinstance(parameters, list) else [parameters]:
        sent.append(client.mogrify(statement, values or None))


def condition():
    number = draw.randrange(1000)
    return draw.choice(
        [
            lambda: Member.points > number,
            lambda: Member.points.between(number, number + 50),
            lambda: Member.name == f"n{number}",
            lambda: Member.name != f"n{number}",
            lambda: Member.name.ilike(f"%{number}%"),
            lambda: Member.name.startswith(str(number)),
            lambda: Member.email.is_(None),
            lambda: Member.email.is_not(None),
            lambda: Member.id.in_(range(draw.randint(1, 6))),
            lambda: Member.id.not_in(range(draw.randint(1, 6))),
            lambda: Member.joined >= date(2024, 1, 1) + timedelta(days=number),
            lambda: or_(Member.points == number, Member.name == "x"),
            lambda: Member.team.has(Team.name == f"t{number}"),
            lambda: Member.orders.any(Order.state == draw.choice(["new", "paid"])),
            lambda: func.lower(Member.name) == f"n{number}",
            lambda: ~exists().where(Order.member_id == Member.id, Order.total > number),
            lambda: Member.team_id == select(func.max(Team.id)).scalar_subquery(),
            lambda: and_(Member.points % 7 == number % 7, Member.points + number < 5000),
        ]
    )()


def query():
    base = draw.choice(
        [
            lambda: select(Member),
            lambda: select(Member.id, Member.name),
            lambda: select(Member).options(load_only(Member.name)),
            lambda: select(func.count()).select_from(Member),
            lambda: select(Member.team_id, func.count(Member.id)).group_by(Member.team_id),
            lambda: select(Member.team_id, func.sum(Member.points).label("points")).group_by(Member.team_id).having(
                func.sum(Member.points) > draw.randrange(100)
            ),
            lambda: select(Member).join(Member.team).options(contains_eager(Member.team)),
            lambda: select(Member).outerjoin(Member.orders).distinct(),
            lambda: select(Member).options(joinedload(Member.team), selectinload(Member.orders)),
            lambda: select(Member).options(subqueryload(Member.orders)),
            lambda: select(Member, func.row_number().over(partition_by=Member.team_id, order_by=Member.points)),
            lambda: select(func.coalesce(func.sum(Member.points), draw.randrange(9))),
            lambda: select(Member.name).where(Member.points > select(func.avg(Member.points)).scalar_subquery()),
        ]
    )()
    base = base.where(*[condition() for _ in range(draw.randrange(4))])
    grouped = bool(base._group_by_clauses) or "count(" in str(base).split("FROM")[0] or "coalesce" in str(base)
    if not grouped and draw.random() < 0.5:
        base = base.order_by(draw.choice([Member.id, Member.name.desc(), Member.points.desc().nulls_last()]))
    if not grouped and draw.random() < 0.4:
        base = base.limit(draw.randint(1, 50))
        if draw.random() < 0.5:
            base = base.offset(draw.randrange(500))
    return base.with_for_update() if draw.random() < 0.1 else base


def work(session):
    """One thing that a program does."""
    number = draw.randrange(100_000)
    kind = draw.randrange(12)
    if kind < 6:
        session.scalars(query()).unique().all()
    elif kind == 6:
        team = Team(name=f"t{number}-{draw.random()}")
        members = [Member(name=f"n{number}", joined=date(2024, 5, 1)) for _ in range(draw.randint(1, 4))]
        team.members.extend(members)
        session.add(team)
        session.flush()
        members[0].points += draw.randint(1, 9)
        session.flush()
        session.expire(team)
        team.name
    elif kind == 7:
        session.execute(update(Member).where(condition()).values(points=Member.points + draw.randint(1, 9)))
    elif kind == 8:
        session.execute(delete(Order).where(Order.total > number))
    elif kind == 9:
        rows = [{"name": f"u{number}-{at}"} for at in range(draw.randint(1, 5))]
        session.execute(insert(Team), rows)
        statement = upsert(Team).values(rows)
        session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"name": statement.excluded.name}))
    elif kind == 10:
        other = aliased(Member)
        chosen = select(other.team_id).where(other.points > number % 50).cte("chosen")
        session.execute(select(Member.name).join(chosen, chosen.c.team_id == Member.team_id).limit(draw.randint(1, 9)))
        first, second = select(Member.name).where(condition()), select(Team.name)
        session.execute(draw.choice([first.union(second), first.union_all(second), first.except_(second)]))
    else:
        for member in session.scalars(select(Member).limit(3)):
            member.team, len(member.orders)
        session.get(Member, number)


def main():
    engine = create_engine("postgresql+psycopg://proof@/postgres", connect_args={"host": os.environ["PROOF_HOST"]})
    event.listen(engine, "before_cursor_execute", note)
    Base.metadata.create_all(engine)
    for _ in range(DRAWS):
        with Session(engine) as session:
            try:
                work(session)
            except SQLAlchemyError:  # what is drawn may make no sense; what was sent of it counts
                session.rollback()
            draw.choice([session.rollback, session.commit])()
    json.dump(sent, sys.stdout)


main()
