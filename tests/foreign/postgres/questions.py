"""The same questions for both: a path for Annals, a statement with values for PostgreSQL.

What PostgreSQL calls the time of recording is the time of occurrence here: so its partitions and
indexes are used as they would be by a log that grew over years. Pages are of 50 events, newest
first, and PostgreSQL goes on behind a key instead of counting rows off.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import annals
from annals import path

PAGE = "order by recorded_at desc, id desc limit 50"
OF = "select document::text from events where tenant = %s"
# How much of the log the samples are taken from.
PLACES = 25
FACETS = "type,severity,outcome,operation"
# Persons who ask for their own events.
PERSONS = 15


@dataclass
class Question:
    """Something asked of both, and how many events both say there are."""

    path: str
    statement: str
    values: tuple
    # Reads the number of events out of an answer: of a body of Annals, of rows of PostgreSQL.
    found: object
    rows: object = len
    # Who asks Annals, when it is not the admin.
    token: str | None = None


def listed(body):
    return len(json.loads(body)["events"])


def counted(body):
    return json.loads(body)["count"]["value"]


def all_counted(rows):
    """The sum of the counts by outcome, which every event has."""
    return sum(row[-1] for row in rows if row[2] is not None)


def samples(client, filled):
    """Events from all over the log, and the rarest word of each."""
    since = datetime.fromisoformat(filled["from"])
    until = datetime.fromisoformat(filled["to"])
    events = []
    for place in range(1, PLACES + 1):
        to = since + (until - since) * place / PLACES
        page = client.get_json(path(limit=50, to=stamp(to)))
        events.extend(page["events"])
    frequency = Counter(word for event in events for word in set(words(event)))
    chosen = []
    for event in events[::5]:
        ours = words(event)
        if len(ours) > 1 and event.get("actor", {}).get("id") and event.get("session"):
            event["words"] = ours
            event["rare"] = min(ours, key=lambda word: (frequency[word], word))
            chosen.append(event)
    if not chosen:
        raise SystemExit("no event of the service can be asked for")
    return chosen, since, until


def words(event):
    return re.findall(r"\b[a-z]{4,}\b", event.get("description", ""))


def stamp(time):
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def classes(service, client, filled):
    """Names of classes, each with a list of questions."""
    chosen, since, until = samples(client, filled)
    month = timedelta(days=30)
    tenant = annals.TENANT
    newest, end = stamp(until - month), stamp(until)

    def page(where, values, **parameters):
        return Question(path(**parameters), f"{OF} {where} {PAGE}", (tenant, *values), listed)

    def facets(where, values, interval, **parameters):
        step = {"1d": "day", "1mo": "month"}[interval] if interval else None
        sets = "(type), (severity), (outcome), (operation)"
        last = f"date_trunc('{step}', occurred_at at time zone 'UTC')" if step else "null::text"
        grouped = f"{sets}, ({last})" if step else sets
        statement = (f"select type, severity, outcome, operation, {last}, count(*) from events "
                     f"where tenant = %s {where} group by grouping sets ({grouped})")
        asked = {"by": FACETS, **parameters}
        if interval:
            asked["interval"] = interval
        there = path(**asked).replace("/logs?", "/logs/stats?")
        return Question(there, statement, (tenant, *values), counted, all_counted)

    def of_each(make):
        return [make(event) for event in chosen]

    def key(event):
        return datetime.fromisoformat(event["occurred_at"]), event["id"]

    within = "and recorded_at >= %s and recorded_at < %s"
    text = "and words @@ %s::tsquery"
    def own(person, token):
        statement = f"{OF} and subject_id = %s {PAGE}"
        return Question("/api/v1/logs", statement, (tenant, person), listed, token=token)

    persons = sorted({event["actor"]["id"] for event in chosen
                      if event["actor"]["id"].startswith("u-")})[:PERSONS]
    return {
        # Annals' own events about these reads are newer than what was recorded, and smaller.
        "latest page": [page("", (), q="-type:annals.*")],
        "deep page": of_each(lambda event: page(
            "and (recorded_at, id) < (%s, %s)", key(event), cursor=event["position"])),
        "actor": of_each(lambda event: page(
            "and actor_id = %s", (event["actor"]["id"],), user_id=event["actor"]["id"])),
        # Whoever reads of themselves is not told on, so this is what Annals costs without it.
        "own page": [own(person, service.token(person, "user")) for person in persons],
        "type": of_each(lambda event: page("and type = %s", (event["type"],), type=event["type"])),
        "text": of_each(lambda event: page(text, (event["words"][0],), q=event["words"][0])),
        "text, two words": of_each(lambda event: page(
            text, (" & ".join(event["words"][:2]),), q=" ".join(event["words"][:2]))),
        "text + newest 30 days": of_each(lambda event: page(
            f"{text} {within}", (event["words"][0], newest, end),
            **{"q": event["words"][0], "from": newest, "to": end})),
        "rare term": of_each(lambda event: page(text, (event["rare"],), q=event["rare"])),
        "session": of_each(lambda event: page(
            "and document @> %s::jsonb",
            (json.dumps({"session": {"id": event["session"]["id"]}}),),
            q=f"session:{event['session']['id']}")),
        "negation": of_each(lambda event: page(
            "and type <> %s and outcome <> 'success'", (event["type"],),
            q=f"-type:{event['type']} -type:annals.* -outcome:success")),
        "count to 10 000": of_each(lambda event: Question(
            path(limit=1, count="true", q=event["words"][0]),
            "select count(*) from (select from events where tenant = %s and words @@ %s::tsquery "
            "limit 10000) as found", (tenant, event["words"][0]), counted,
            lambda rows: rows[0][0])),
        "count of all": of_each(lambda event: Question(
            path(by="outcome", q=event["words"][0]).replace("/logs?", "/logs/stats?"),
            "select count(*) from events where tenant = %s and words @@ %s::tsquery",
            (tenant, event["words"][0]), counted, lambda rows: rows[0][0])),
        "facets of a text": of_each(lambda event: facets(
            text, (event["words"][0],), None, q=event["words"][0])),
        "facets + histogram, newest 30 days": [facets(
            within, (newest, end), "1d", **{"q": "-type:annals.*", "from": newest, "to": end})],
        "facets + histogram, all": [facets(
            "", (), "1mo", **{"q": "-type:annals.*", "from": stamp(since), "to": end})],
    }
