// `@urql/core`: queries, errors, and a subscription over restarts and ended tokens.

import assert from 'node:assert/strict';

import { Client, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

import { STREAM, token, tokens, url, watchAndBeCutOff } from './harness.mjs';
import { resumable } from './resumable.mjs';

const closes = [];
const next = tokens(closes);
const sockets = resumable(createClient({
  url: () => url('ws'),
  webSocketImpl: WebSocket,
  connectionParams: async () => ({ Authorization: `Bearer ${await next()}` }),
  retryAttempts: 20,
  // Also when nobody answers, as in the middle of a restart.
  shouldRetry: () => true,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 200)),
  on: { closed: (event) => closes.push(event.code) },
}));
const authorization = `Bearer ${await token()}`;
const client = new Client({
  url: await url(),
  preferGetMethod: false,
  fetchOptions: { headers: { authorization } },
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: (operation) => ({
        subscribe: (sink) => ({ unsubscribe: sockets.subscribe(operation, sink) }),
      }),
    }),
  ],
});

const answer = await client.query(gql`query Who { me { id } }`, {});
assert.equal(answer.data.me.id, 'root');
const byGet = await client.query(gql`query Who { me { id tenant } }`, {}, { preferGetMethod: 'force' });
assert.equal(byGet.data.me.id, 'root');
const wrong = await client.query(gql`query Wrong { nonsense }`, {});
assert.equal(wrong.error.graphQLErrors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
const failed = await client.query(gql`query Failing { auditEvents(first: 0) { nodes { id } } }`, {});
assert.equal(failed.error.graphQLErrors[0].extensions.code, 'BAD_USER_INPUT');
const stranger = await client.query(gql`query Who2 { me { id } }`, {}, {
  fetchOptions: { headers: { authorization: 'Bearer nonsense' } },
});
assert.equal(stranger.error.response.status, 401);

await watchAndBeCutOff('urql', closes, async (variables, take) => {
  const { unsubscribe } = client.subscription(STREAM, variables).subscribe(({ data, error }) => {
    if (error) console.error(error);
    if (data) take(data.auditEventStream);
  });
  return () => unsubscribe();
});
process.exit(0);
