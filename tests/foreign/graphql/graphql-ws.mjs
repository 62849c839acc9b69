// `graphql-ws`: queries, errors, and a subscription over restarts and ended tokens.

import assert from 'node:assert/strict';

import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

import { STREAM, token, tokens, url, watchAndBeCutOff } from './harness.mjs';
import { resumable } from './resumable.mjs';

const closes = [];
const make = (next, options = {}) =>
  createClient({
    url: () => url('ws'),
    webSocketImpl: WebSocket,
    connectionParams: async () => ({ Authorization: `Bearer ${await next()}` }),
    retryAttempts: 20,
    // Also when nobody answers, as in the middle of a restart.
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 200)),
    on: { closed: (event) => closes.push(event.code) },
    ...options,
  });

const collected = (client, payload) =>
  new Promise((resolve, reject) => {
    const results = [];
    client.subscribe(payload, {
      next: (result) => results.push(result), error: reject, complete: () => resolve(results),
    });
  });

const plain = make(() => token());
const [answer] = await collected(plain, { query: '{ me { id } }' });
assert.equal(answer.data.me.id, 'root');
const [mutated] = await collected(plain, {
  query: 'mutation($events: [AuditEventInput!]!) { recordEvents(input: { events: $events }) { receipts { id } userErrors { code } } }',
  variables: { events: [{ type: 'foreign.ws' }] },
});
assert(mutated.data.recordEvents.receipts[0].id);
assert.deepEqual(mutated.data.recordEvents.userErrors, []);
for (const query of ['{', '{ nonsense }']) {
  await assert.rejects(collected(plain, { query }), (errors) => Boolean(errors[0].extensions.code));
}
const [failed] = await collected(plain, { query: '{ auditEvents(first: 0) { nodes { id } } }' });
assert.equal(failed.errors[0].extensions.code, 'BAD_USER_INPUT');
await plain.dispose();

// A refused token is told by 4403, after which the client asks for another one.
const refused = make(() => 'nonsense', { retryAttempts: 1 });
await assert.rejects(collected(refused, { query: '{ me { id } }' }), (event) => event.code === 4403);

closes.length = 0;
const client = resumable(make(tokens(closes)));
await watchAndBeCutOff('graphql-ws', closes, async (variables, take) => {
  const end = client.subscribe({ query: STREAM, variables }, {
    next: ({ data }) => take(data.auditEventStream), error: console.error, complete: () => {},
  });
  return () => end();
});
process.exit(0);
