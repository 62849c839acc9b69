// Lints graphql/schema.graphql with the rules `recommended` and Relay of graphql-eslint, and the
// operations with `operations-recommended`. What is left out stands, with its reason, in
// graphql/lint.mjs.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import graphql from '@graphql-eslint/eslint-plugin';
import { ESLint } from 'eslint';

import { operationRules, schemaRules } from '../../../graphql/lint.mjs';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../graphql');
const schema = process.argv[2] ?? join(folder, 'schema.graphql');
const documents = join(folder, 'operations/*.graphql');

const of = (files, configs, own) => ({
  files,
  languageOptions: {
    parser: graphql.parser,
    parserOptions: { graphQLConfig: { schema, documents } },
  },
  plugins: { '@graphql-eslint': graphql },
  rules: Object.assign({}, ...configs.map((name) => graphql.configs[name].rules), own),
});

const eslint = new ESLint({
  cwd: dirname(schema),
  overrideConfigFile: true,
  overrideConfig: [
    of(['schema.graphql'], ['flat/schema-recommended', 'flat/schema-relay'], schemaRules),
    of(['operations/*.graphql'], ['flat/operations-recommended'], operationRules),
  ],
});
const results = await eslint.lintFiles([schema, ...(process.argv[2] ? [] : ['operations/*.graphql'])]);
const findings = results.flatMap((result) => result.messages.map((message) => ({ ...message, file: result.filePath })));
for (const { file, line, column, ruleId, message } of findings) {
  console.error(`${file}:${line}:${column} ${ruleId}: ${message}`);
}
console.log(JSON.stringify({ files: results.length, findings: findings.length }));
process.exitCode = findings.length === 0 && results.length > 0 ? 0 : 1;
