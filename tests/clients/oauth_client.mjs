// A person's client: `oauth_client.mjs URL ERA`. It is the TypeScript SDK's, with nothing but the server's URL: it finds
// whom to ask, sends the person there (who is this script, following redirects), and calls one tool for which it needs
// another scope. The last line says what it saw, as JSON.

import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';

const [url, era] = process.argv.slice(2);
const asked = [];

/** The person's browser: it keeps cookies, and goes where it is sent until it is sent back to the client. */
async function browse(location) {
  const cookies = new Map();
  for (let steps = 0; steps < 20; steps += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(location, { redirect: 'manual', headers: { cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = set.match(/^([^=]+)=([^;]*)/);
      cookies.set(name, value);
    }
    const next = response.headers.get('location');
    if (!next) throw new Error(`no way on from ${location}: ${response.status} ${await response.text()}`);
    location = new URL(next, location);
    if (location.pathname === '/callback') return location.searchParams;
  }
  throw new Error('sent around in circles');
}

class Person {
  redirectUrl = 'http://127.0.0.1/callback';
  clientMetadata = { redirect_uris: [this.redirectUrl], client_name: 'test' };
  clientInformation() { return this.client ?? { client_id: 'person' }; }
  saveClientInformation(client) { this.client = client; }
  tokens() { return this.kept; }
  saveTokens(tokens) { this.kept = tokens; }
  codeVerifier() { return this.verifier; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  discoveryState() { return this.discovered; }
  saveDiscoveryState(discovered) { this.discovered = discovered; }
  async redirectToAuthorization(location) {
    asked.push(Object.fromEntries(['scope', 'resource', 'code_challenge_method'].map((name) => [name, location.searchParams.get(name)])));
    this.callback = await browse(location);
  }
}

const person = new Person();

async function connected() {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: era } });
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: person });
  await client.connect(transport);
  return { client, transport };
}

/** What `work` gives; where it asks for the person first, it is done again. */
async function authorized(work, transport) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnauthorizedError) && !(error.cause instanceof UnauthorizedError)) throw error;
    const way = transport ?? new StreamableHTTPClientTransport(new URL(url), { authProvider: person });
    await way.finishAuth(person.callback);
    return work();
  }
}

const { client, transport } = await authorized(connected);
const names = async (one) => (await one.listTools()).tools.map((tool) => tool.name).sort();
const seen = { revision: client.getNegotiatedProtocolVersion(), first: await names(client) };
const said = async (name, input) => (await client.callTool({ name, arguments: input })).content[0].text;
seen.greeting = await said('hello_greet', { name: 'Ada' });
seen.answer = await authorized(() => said('calc_evaluate', { expression: '6*7' }), transport);
// A client of the newest revision may keep its list a while: another one asks anew.
const another = await connected();
seen.second = await names(another.client);
await another.client.close();
seen.asked = asked;
seen.token = person.kept.scope;
await client.close();
console.log(JSON.stringify(seen));
process.exit(0);
