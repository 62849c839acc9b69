// `@apollo/client`: queries, errors, documents by their hash, and a subscription over restarts and
// ended tokens.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache, ServerError } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
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
let authorization = `Bearer ${await token()}`;
const sent = [];
const address = await url();
const http = new HttpLink({
  uri: address,
  fetch: (uri, options) => {
    sent.push({ uri: String(uri), ...options });
    return fetch(uri, { ...options, headers: { ...options.headers, authorization } });
  },
});
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const known = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
const client = new ApolloClient({
  cache: new InMemoryCache(),
  defaultOptions: { query: { fetchPolicy: 'no-cache' } },
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(sockets),
    known.concat(http),
  ),
});

const WHO = gql`query Who { me { id } }`;
const { data } = await client.query({ query: WHO });
assert.equal(data.me.id, 'root');
assert.deepEqual(sent.map((request) => request.method), ['GET', 'POST'], 'by hash first, then with its text');
sent.length = 0;
assert.equal((await client.query({ query: WHO })).data.me.id, 'root');
assert.deepEqual(sent.map((request) => request.method), ['GET'], 'its hash is known now');
assert(!sent[0].uri.includes('query='), 'and its text not sent again');

await assert.rejects(client.query({ query: gql`query Wrong { nonsense }` }), (error) =>
  CombinedGraphQLErrors.is(error) && error.errors[0].extensions.code === 'GRAPHQL_VALIDATION_FAILED');
await assert.rejects(client.query({ query: gql`query Failing { auditEvents(first: 0) { nodes { id } } }` }), (error) =>
  CombinedGraphQLErrors.is(error) && error.errors[0].extensions.code === 'BAD_USER_INPUT');
const good = authorization;
authorization = 'Bearer nonsense';
await assert.rejects(client.query({ query: WHO }), (error) =>
  (ServerError.is(error) && error.statusCode === 401)
  || (CombinedGraphQLErrors.is(error) && error.errors[0].extensions.code === 'UNAUTHENTICATED'));
authorization = good;

await watchAndBeCutOff('apollo', closes, async (variables, take) => {
  const subscription = client
    .subscribe({ query: gql(STREAM), variables, fetchPolicy: 'no-cache' })
    .subscribe(({ data, error }) => {
      if (error) console.error(error);
      if (data) take(data.auditEventStream);
    });
  return () => subscription.unsubscribe();
});
process.exit(0);
