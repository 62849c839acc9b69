// Compares two schemas and fails on what would break a client of the first.
//
//   node breaking.mjs released.graphql current.graphql

import { readFileSync } from 'node:fs';

import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';

const [released, current] = process.argv.slice(2).map((path) => buildSchema(readFileSync(path, 'utf8')));
const changes = await diff(released, current);
const breaking = changes.filter((change) => change.criticality.level === CriticalityLevel.Breaking);
for (const { message, path } of breaking) console.error(`breaking: ${path}: ${message}`);
console.log(JSON.stringify({ changes: changes.length, breaking: breaking.length }));
process.exitCode = breaking.length === 0 ? 0 : 1;
