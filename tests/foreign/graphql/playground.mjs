// The playground's own script, without its page: it asks, watches, and comes back where it was.

import assert from 'node:assert/strict';

import WebSocket from 'ws';

import { record, restart, STREAM, token, until, url } from './harness.mjs';

// What browsers have.
globalThis.WebSocket = WebSocket;
const { ask, cursorOf, found, isSubscription, typeName, watch } = await import(
  '../../../crates/api/src/graphql/playground/playground.js'
);

for (const [text, expected] of [
  ['subscription { a }', true],
  ['# a comment\n\nsubscription($a: Int) { a }', true],
  ['query { a }\n# subscription { a }', false],
  ['{ subscription }', false],
  ['"subscription { a }"', false],
]) assert.equal(isSubscription(text), expected, text);
assert.equal(cursorOf({ a: null, b: { cursor: 'c' } }), 'c');
assert.equal(cursorOf(null), undefined);
const list = { kind: 'LIST', ofType: { kind: 'NON_NULL', ofType: { kind: 'SCALAR', name: 'String' } } };
assert.equal(typeName({ kind: 'NON_NULL', ofType: list }), '[String!]!');
const types = [{ name: 'B', fields: [{ name: 'wanted' }] }, { name: 'A' }, { name: '__Type' }];
assert.deepEqual(found(types, '').map((type) => type.name), ['A', 'B']);
assert.deepEqual(found(types, 'WANT').map((type) => type.name), ['B']);

const page = await fetch((await url()).replace(/graphql$/, 'graphql/playground'));
assert.equal(page.status, 200);
assert.match(page.headers.get('content-security-policy'), /^default-src 'self';/);
// What the script looks for is on the page.
const html = await page.text();
const script = await (await fetch((await url()).replace(/graphql$/, 'graphql/playground/playground.js'))).text();
for (const [, id] of script.matchAll(/byId\('([a-z]+)'\)/g)) assert(html.includes(`id="${id}"`), id);

const access = { token: await token(), tenant: '' };
const who = await ask(await url(), access, { query: '{ me { id } }' });
assert.equal(who.data.me.id, 'root');
const refused = await ask(await url(), { token: 'nonsense' }, { query: '{ me { id } }' });
assert.equal(refused.errors[0].extensions.code, 'UNAUTHENTICATED');

const type = 'foreign.playground.tick';
const first = await record(type, 0);
const seen = [];
const states = [];
let ended;
// The port changes with a restart, which a page never sees; so the address is asked for anew.
const Real = globalThis.WebSocket;
globalThis.WebSocket = class extends Real {
  constructor(_, protocol) {
    super(address, protocol);
    // In a browser nobody need listen for errors: `close` follows.
    this.on('error', () => {});
  }
};
let address = await url('ws');
const stop = watch(address, () => access, { query: STREAM, variables: { after: first.position, query: `type:${type}` } }, {
  next: ({ data }) => seen.push(...data.auditEventStream.events.map((event) => event.metadata.n)),
  state: (state) => states.push(state),
  end: (why) => { ended = why; },
});
for (let n = 1; n <= 5; n += 1) await record(type, n);
await until('five events', () => seen.length === 5);
await restart();
address = await url('ws');
for (let n = 6; n <= 10; n += 1) await record(type, n);
await until('ten events', () => seen.length === 10);
assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
assert(states.some((state) => state.startsWith('cut off (1012)')), states.join());
stop();
assert.equal(ended, 'stopped');

let why;
const soon = { token: await token(2), tenant: '' };
watch(address, () => soon, { query: STREAM, variables: {} }, { next() {}, state() {}, end: (text) => { why = text; } });
await until('the token ends', () => why);
assert.match(why, /token has ended/);
process.exit(0);
