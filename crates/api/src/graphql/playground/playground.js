// The playground: asks, watches, and shows the schema. It uses nothing but what browsers have.
//
// The token lives in a variable of this module. It is never stored, and never part of an address.

const ENDPOINT = '/graphql';
const PROTOCOL = 'graphql-transport-ws';
/** Closed with one of these, a socket can be opened again and goes on where it was. */
const RESUMABLE = [1001, 1005, 1006, 1012, 1013];
const EXPIRED = 4403;
const ANSWERS_MAX = 200;
const RETRY_MS_MAX = 15_000;

const EXAMPLE = `# Ctrl+Enter runs this. Replace it by a subscription to see events as they come:
# subscription ($after: String) { auditEventStream(after: $after) { cursor backlog events { id type sentence } } }
query Newest {
  auditEvents(first: 5) {
    nodes { id type sentence occurredAt }
    pageInfo { hasNextPage endCursor }
  }
}
`;

const INTROSPECTION = `{
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
      name kind description
      enumValues(includeDeprecated: true) { name description }
      inputFields { name description type { ...T } }
      fields(includeDeprecated: true) {
        name description isDeprecated type { ...T }
        args { name description defaultValue type { ...T } }
      }
    }
  }
}
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;

/** The first cursor found in the data of an answer. */
export function cursorOf(data) {
  for (const value of Object.values(data ?? {})) {
    if (value && typeof value === 'object' && typeof value.cursor === 'string') return value.cursor;
  }
  return undefined;
}

/** `[String!]!` from what introspection says of a type. */
export function typeName(type) {
  if (type.kind === 'NON_NULL') return `${typeName(type.ofType)}!`;
  if (type.kind === 'LIST') return `[${typeName(type.ofType)}]`;
  return type.name;
}

/** Whether the document asks for answers as they come: its first operation is a subscription. */
export function isSubscription(text) {
  const bare = text
    .replace(/"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"/g, '""')
    .replace(/#[^\n\r]*/g, '')
    .trimStart();
  return /^subscription\b/.test(bare);
}

/** The types that a search leaves: those it names, and those with such a field. */
export function found(types, text) {
  const wanted = text.trim().toLowerCase();
  const names = (thing) => thing.name.toLowerCase().includes(wanted);
  return types
    .filter((type) => !type.name.startsWith('__'))
    .filter((type) => names(type) || (type.fields ?? type.inputFields ?? []).some(names))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** Asks once, by POST. */
export async function ask(address, access, operation) {
  const headers = {
    accept: 'application/graphql-response+json, application/json;q=0.9',
    authorization: `Bearer ${access.token}`,
    'content-type': 'application/json',
  };
  if (access.tenant) headers['annals-tenant'] = access.tenant;
  const response = await fetch(address, {
    method: 'POST', headers, body: JSON.stringify(operation), credentials: 'omit',
  });
  return response.json();
}

/**
 * Watches a subscription, and comes back where it was when it is cut off.
 *
 * `access` is a function, so that a token given meanwhile is used when the socket comes back.
 * Returns a function that ends it.
 */
export function watch(address, access, operation, on) {
  const variables = { ...operation.variables };
  let socket;
  let timer;
  let ended = false;
  let waits = 0;
  const end = (why) => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    socket?.close(1000);
    on.end(why);
  };
  const connect = () => {
    socket = new WebSocket(address, PROTOCOL);
    const say = (message) => socket.send(JSON.stringify(message));
    socket.onopen = () => {
      const { token, tenant } = access();
      const payload = { Authorization: `Bearer ${token}` };
      if (tenant) payload['annals-tenant'] = tenant;
      say({ type: 'connection_init', payload });
    };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      switch (message.type) {
        case 'connection_ack':
          on.state('watching');
          say({ id: '1', type: 'subscribe', payload: { ...operation, variables } });
          break;
        case 'ping':
          say({ type: 'pong' });
          break;
        case 'next':
          waits = 0;
          variables.after = cursorOf(message.payload.data) ?? variables.after;
          on.next(message.payload);
          break;
        case 'error':
          on.next({ errors: message.payload });
          end('refused');
          break;
        case 'complete':
          end('ended');
          break;
      }
    };
    socket.onclose = ({ code, reason }) => {
      if (ended) return;
      if (code === EXPIRED) return end('the token has ended or is refused; give another and run again');
      if (!RESUMABLE.includes(code)) return end(`closed: ${reason || code}`);
      const wait = Math.min(500 * 2 ** waits, RETRY_MS_MAX);
      waits += 1;
      on.state(`cut off (${code}); coming back`);
      timer = setTimeout(connect, wait);
    };
  };
  connect();
  return () => end('stopped');
}

function element(name, text, children = []) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function described(thing, signature) {
  const parts = [element('code', signature)];
  if (thing.description) parts.push(element('p', thing.description));
  return element('li', '', parts);
}

function shownType(type) {
  const items = [];
  for (const field of type.fields ?? type.inputFields ?? []) {
    const args = (field.args ?? []).map((arg) => `${arg.name}: ${typeName(arg.type)}`).join(', ');
    const signature = `${field.name}${args ? `(${args})` : ''}: ${typeName(field.type)}`;
    items.push(described(field, field.isDeprecated ? `${signature} (deprecated)` : signature));
  }
  for (const value of type.enumValues ?? []) items.push(described(value, value.name));
  const summary = element('summary', '', [element('code', type.name)]);
  const parts = [summary];
  if (type.description) parts.push(element('p', type.description));
  parts.push(element('ul', '', items));
  return element('details', '', parts);
}

function start() {
  const byId = (id) => document.getElementById(id);
  let access = { token: '', tenant: '' };
  let types = [];
  let stop;

  const say = (text, bad = false) => {
    byId('state').textContent = text;
    byId('state').className = bad ? 'bad' : '';
  };
  const answer = (payload) => {
    const title = `${new Date().toLocaleTimeString()}${payload.errors ? ' - with errors' : ''}`;
    const text = JSON.stringify(payload, null, 2);
    byId('answers').prepend(element('article', '', [element('h3', title), element('pre', text)]));
    while (byId('answers').children.length > ANSWERS_MAX) byId('answers').lastChild.remove();
  };
  const showSchema = () => {
    byId('schema').replaceChildren(...found(types, byId('search').value).map(shownType));
  };
  const stopped = (why) => {
    stop = undefined;
    byId('stop').disabled = true;
    say(why);
  };

  async function use(event) {
    event.preventDefault();
    access = { token: byId('token').value.trim(), tenant: byId('tenant').value.trim() };
    try {
      const schema = await ask(ENDPOINT, access, { query: INTROSPECTION });
      if (!schema.data) return say(schema.errors?.[0]?.message ?? schema.detail ?? 'refused', true);
      types = schema.data.__schema.types;
      showSchema();
      say('Ready.');
    } catch (error) {
      say(`The service does not answer: ${error.message}`, true);
    }
  }

  async function run() {
    stop?.();
    if (!access.token) return say('Give a token first.', true);
    let variables;
    try {
      variables = JSON.parse(byId('variables').value.trim() || '{}');
    } catch (error) {
      return say(`The variables are no JSON: ${error.message}`, true);
    }
    const operation = { query: byId('document').value, variables };
    if (isSubscription(operation.query)) {
      const address = `${location.protocol.replace('http', 'ws')}//${location.host}${ENDPOINT}`;
      byId('stop').disabled = false;
      say('connecting');
      stop = watch(address, () => access, operation, { next: answer, state: say, end: stopped });
      return;
    }
    say('asking');
    const began = performance.now();
    try {
      answer(await ask(ENDPOINT, access, operation));
      say(`Answered in ${Math.round(performance.now() - began)} ms.`);
    } catch (error) {
      say(`The service does not answer: ${error.message}`, true);
    }
  }

  byId('document').value = EXAMPLE;
  byId('access').addEventListener('submit', use);
  byId('run').addEventListener('click', run);
  byId('stop').addEventListener('click', () => stop?.());
  byId('clear').addEventListener('click', () => byId('answers').replaceChildren());
  byId('search').addEventListener('input', showSchema);
  document.addEventListener('keydown', (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    if (event.key === 'Enter') run();
    else if (event.key === '.') stop?.();
    else return;
    event.preventDefault();
  });
}

if (typeof document !== 'undefined') start();
