// `graphql-sse`, one connection for each operation: queries, errors, and a subscription over
// restarts and ended tokens.

import assert from 'node:assert/strict';

import { createClient } from 'graphql-sse';

import { STREAM, token, tokens, url, watchAndBeCutOff } from './harness.mjs';
import { resumable } from './resumable.mjs';

const make = (next, options = {}) =>
  createClient({
    url: () => url(),
    headers: async () => ({ authorization: `Bearer ${await next()}` }),
    retryAttempts: 20,
    retry: () => new Promise((resolve) => setTimeout(resolve, 200)),
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
const [wrong] = await collected(plain, { query: '{ nonsense }' });
assert.equal(wrong.errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
const refused = make(() => 'nonsense', { retryAttempts: 0 });
await assert.rejects(collected(refused, { query: '{ me { id } }' }), (error) => error.response.status === 401);

// A stream has no codes: that one was cut off is told by the next connection, and that a token has
// ended by its last answer.
const closes = [];
const client = resumable(make(tokens(closes), {
  on: {
    connecting: (again) => again && closes.push(1012),
    message: ({ data }) => data?.errors?.[0].extensions.code === 'UNAUTHENTICATED' && closes.push(4403),
  },
}));
await watchAndBeCutOff('graphql-sse', closes, async (variables, take) => {
  const end = client.subscribe({ query: STREAM, variables }, {
    next: ({ data }) => take(data.auditEventStream), error: console.error, complete: () => {},
  });
  return () => end();
});
process.exit(0);
