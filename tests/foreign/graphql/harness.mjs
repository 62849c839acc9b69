// What the scripts share: the service under test, which the Rust test starts, restarts and stops.
//
// They speak by lines of JSON: a script says what it wants on standard output, and reads the answer
// on standard input. What people read goes to standard error.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
let last = Promise.resolve();

/** Asks the Rust test for something. */
export function want(what) {
  const answer = last.then(async () => {
    process.stdout.write(`${JSON.stringify(what)}\n`);
    const { value, done } = await lines.next();
    assert(!done, 'the test has gone');
    return JSON.parse(value);
  });
  last = answer.catch(() => {});
  return answer;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something is there. */
export async function until(what, look, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert(Date.now() < end, `never: ${what}`);
    await sleep(20);
  }
}

/** Host and port, also after a restart. */
export const host = () =>
  until('the service has a port', () => {
    try {
      return `127.0.0.1:${Number(readFileSync(process.env.ANNALS_TEST_PORT_FILE, 'utf8'))}`;
    } catch {
      return undefined;
    }
  });

export const url = async (scheme = 'http') => `${scheme}://${await host()}/graphql`;

/** A token that holds for so many seconds. */
export const token = (seconds = 3600) => want({ want: 'token', seconds });

/** Ends the service and starts it again; sockets are closed with 1012. */
export const restart = () => want({ want: 'restart' });

const writer = await token();

/** Records an event, however often the service goes away meanwhile; returns its receipt. */
export async function record(type, n) {
  const body = JSON.stringify({ id: randomUUID(), type, actor: { id: 'ann' }, metadata: { n } });
  return until('the event is recorded', async () => {
    try {
      const response = await fetch(`http://${await host()}/api/v1/logs`, {
        method: 'POST',
        headers: { authorization: `Bearer ${writer}`, 'content-type': 'application/json' },
        body,
      });
      return response.ok ? response.json() : undefined;
    } catch {
      return undefined;
    }
  });
}

export const STREAM = `subscription Stream($after: String, $query: String) {
  auditEventStream(after: $after, query: $query) { cursor events { id metadata } }
}`;

/**
 * Subscribes, is cut off by a restart (1012) and by the end of a token (4403), and shows that what
 * came is every event, once and in order.
 *
 * `subscribe(variables, take)` begins the subscription with a client of the script's and gives every
 * batch to `take`; it returns how to end it. With which codes it was closed stands in `closes`.
 */
export async function watchAndBeCutOff(name, closes, subscribe) {
  const type = `foreign.${name}.tick`;
  const first = await record(type, 0);
  const seen = [];
  const take = (batch) => seen.push(...batch.events.map((event) => event.metadata.n));
  const end = await subscribe({ after: first.position, query: `type:${type}` }, take);
  const have = (count) => until(`${name} has ${count} events`, () => seen.length >= count);
  let n = 0;
  const more = async (count) => {
    for (const goal = n + count; n < goal; ) await record(type, (n += 1));
  };
  await more(10);
  await have(10);
  // While it is cut off, events go on.
  const restarting = restart();
  await more(10);
  await restarting;
  await have(20);
  assert.equal(closes[0], 1012);
  await more(5);
  await until(`the token of ${name} ends`, () => closes.includes(4403));
  await more(5);
  await have(30);
  end();
  assert.deepEqual(seen, Array.from({ length: 30 }, (_, index) => index + 1), name);
  console.error(`${name}: 30 events over restarts and ended tokens, no gap, none twice`);
}

/**
 * Tokens for a client that was closed with these codes so far: after the restart one that soon ends,
 * and then one that holds.
 */
export const tokens = (closes) => () =>
  token(closes.length > 0 && !closes.includes(4403) ? 3 : 3600);
