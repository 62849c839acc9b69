// The audits of `graphql-http`: what a server must, should and may do over HTTP. They know of no
// tokens, so each request is given one on its way.

import { serverAudits } from 'graphql-http';

import { token, url } from './harness.mjs';

const authorization = `Bearer ${await token()}`;
const fetchFn = (address, options = {}) =>
  fetch(address, { ...options, headers: { ...options.headers, authorization } });

const audits = serverAudits({ url: await url(), fetchFn });
const counted = { audits: audits.length, passed: 0 };
for (const audit of audits) {
  const { status, reason } = await audit.fn();
  if (status === 'ok') counted.passed += 1;
  else console.error(`${status}: ${audit.id} ${audit.name}: ${reason}`);
}
console.error(`${counted.passed} of ${counted.audits} audits passed`);
process.exit(counted.passed === counted.audits && counted.audits >= 61 ? 0 : 1);
