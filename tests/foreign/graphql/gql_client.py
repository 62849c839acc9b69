"""`gql`: queries, errors, and a subscription over restarts and ended tokens."""

import asyncio
import json
import os
import sys
import urllib.request
import uuid

from gql import Client, GraphQLRequest, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportError, TransportQueryError, TransportServerError
from gql.transport.websockets import WebsocketsTransport

STREAM = """
subscription Stream($after: String, $query: String) {
  auditEventStream(after: $after, query: $query) { cursor events { id metadata } }
}"""
PATIENCE = 60
_turn = asyncio.Lock()


async def want(what):
    """Asks the Rust test for something."""
    async with _turn:
        print(json.dumps(what), flush=True)
        line = await asyncio.to_thread(sys.stdin.readline)
        assert line, "the test has gone"
        return json.loads(line)


def token(seconds=3600):
    return want({"want": "token", "seconds": seconds})


async def host():
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                with open(os.environ["ANNALS_TEST_PORT_FILE"]) as file:
                    return f"127.0.0.1:{int(file.read())}"
            except (FileNotFoundError, ValueError):
                await asyncio.sleep(0.02)


async def record(writer, kind, n):
    """Records an event, however often the service goes away meanwhile."""
    event = {"id": str(uuid.uuid4()), "type": kind, "actor": {"id": "ann"}, "metadata": {"n": n}}
    headers = {"authorization": f"Bearer {writer}", "content-type": "application/json"}
    body = json.dumps(event).encode()
    async with asyncio.timeout(PATIENCE):
        while True:
            request = urllib.request.Request(f"http://{await host()}/api/v1/logs", body, headers)
            try:
                answer = await asyncio.to_thread(urllib.request.urlopen, request, timeout=10)
                return json.load(answer)
            except OSError:
                await asyncio.sleep(0.1)


async def watch(variables, next_token, take, closes):
    """What an application writes: on being cut off, it comes back behind the last cursor."""
    while True:
        transport = WebsocketsTransport(
            url=f"ws://{await host()}/graphql",
            init_payload={"Authorization": f"Bearer {await next_token()}"},
            # By itself it offers two protocols, and looks for the one that was chosen under a header
            # of exactly this spelling: `Sec-WebSocket-Protocol`. Names of headers have no spelling.
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        )
        try:
            async with Client(transport=transport) as session:
                async for result in session.subscribe(GraphQLRequest(STREAM, variable_values=variables)):
                    batch = result["auditEventStream"]
                    variables = {**variables, "after": batch["cursor"]}
                    take(batch)
        except (TransportError, OSError) as error:
            received = getattr(error.__cause__, "rcvd", None)
            closes.append(received.code if received else type(error).__name__)
            await asyncio.sleep(0.2)


async def have(seen, count, watching):
    async with asyncio.timeout(PATIENCE):
        while len(seen) < count:
            if watching.done():
                watching.result()
            await asyncio.sleep(0.02)


async def over_http():
    headers = {"Authorization": f"Bearer {await token()}"}
    url = f"http://{await host()}/graphql"
    async with Client(transport=AIOHTTPTransport(url=url, headers=headers),
                      fetch_schema_from_transport=True) as session:
        assert session.client.schema.query_type.name == "Query"
        assert (await session.execute(gql("{ me { id } }")))["me"]["id"] == "root"
        try:
            await session.execute(gql("{ auditEvents(first: 0) { nodes { id } } }"))
            raise AssertionError("it must be refused")
        except TransportQueryError as error:
            assert error.errors[0]["extensions"]["code"] == "BAD_USER_INPUT", error
    try:
        async with Client(transport=AIOHTTPTransport(url=url)) as session:
            await session.execute(gql("{ me { id } }"))
        raise AssertionError("it must be refused")
    except (TransportServerError, TransportQueryError):
        pass


async def over_sockets():
    writer = await token()
    kind = "foreign.gql.tick"
    first = await record(writer, kind, 0)
    seen, closes = [], []
    variables = {"after": first["position"], "query": f"type:{kind}"}
    watching = asyncio.create_task(watch(
        variables,
        # After the restart a token that soon ends, and then one that holds.
        lambda: token(3 if closes and 4403 not in closes else 3600),
        lambda batch: seen.extend(event["metadata"]["n"] for event in batch["events"]),
        closes,
    ))
    for n in range(1, 11):
        await record(writer, kind, n)
    await have(seen, 10, watching)
    restarting = asyncio.create_task(want({"want": "restart"}))
    await asyncio.sleep(0)
    for n in range(11, 21):
        await record(writer, kind, n)
    await restarting
    await have(seen, 20, watching)
    async with asyncio.timeout(PATIENCE):
        while 4403 not in closes:
            await asyncio.sleep(0.02)
    for n in range(21, 31):
        await record(writer, kind, n)
    await have(seen, 30, watching)
    watching.cancel()
    assert seen == list(range(1, 31)), seen
    assert closes[0] == 1012, closes
    print(f"gql: 30 events, closed with {closes}", file=sys.stderr)


asyncio.run(over_http())
asyncio.run(over_sockets())
