// An authorization server on loopback: `oauth_issuer.mjs PORT RESOURCE`. It is npm's `oidc-provider`; here it gets one
// client for people and some for machines, and a person who agrees to everything at once.
//
// It says `ready` once it listens, and again after each command on stdin: `rotate` gives it another key, `stop` lets it
// refuse connections, `start` ends that. At the end of stdin it ends.

import { generateKeyPairSync } from 'node:crypto';
import { createInterface } from 'node:readline';

import Provider from 'oidc-provider';

const [port, resource] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const scopes = 'tools:read tools:write';

const machine = (id) => ({
  client_id: id, client_secret: 'test-only', grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
});

function newKey(kid) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
}

function provider(key) {
  const made = new Provider(issuer, {
    jwks: { keys: [key] },
    clients: [
      {
        client_id: 'person', token_endpoint_auth_method: 'none', application_type: 'native',
        redirect_uris: ['http://127.0.0.1/callback'], grant_types: ['authorization_code'], response_types: ['code'],
      },
      ...['machine', 'expired'].map(machine),
    ],
    pkce: { required: () => true },
    responseTypes: ['code'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, wanted) => ({
          scope: scopes, audience: wanted, accessTokenTTL: 300,
          // A token for another resource is opaque, so that it can be asked about.
          ...(wanted.endsWith('/opaque')
            ? { accessTokenFormat: 'opaque' }
            : { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
        }),
      },
    },
    formats: {
      customizers: {
        jwt(_, token, jwt) {
          if (token.clientId === 'expired') jwt.payload.exp -= 600;
        },
      },
    },
    findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    interactions: { url: (_, interaction) => `/agree/${interaction.uid}` },
  });
  made.use(async (context, next) => {
    if (!context.path.startsWith('/agree/')) return next();
    const { prompt, params, session, grantId } = await made.interactionDetails(context.req, context.res);
    if (prompt.name === 'login') {
      return made.interactionFinished(context.req, context.res, { login: { accountId: 'ada' } });
    }
    const known = grantId && await made.Grant.find(grantId);
    const grant = known || new made.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope ?? '');
    for (const one of [params.resource].flat().filter(Boolean)) grant.addResourceScope(one, params.scope ?? '');
    const result = { consent: { grantId: await grant.save() } };
    return made.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: true });
  });
  return made;
}

// Its notices do not stand between its answers.
console.info = console.error;

let server;
let keys = 0;
let key = newKey(`key-${keys}`);

const start = () => new Promise((started) => {
  server = provider(key).listen(Number(port), '127.0.0.1', started);
});
const stop = () => new Promise((stopped) => {
  server.close(stopped);
  server.closeAllConnections();
});

await start();
console.log('ready');
for await (const command of createInterface({ input: process.stdin })) {
  if (command === 'rotate') {
    await stop();
    key = newKey(`key-${++keys}`);
    await start();
  } else if (command === 'stop') {
    await stop();
  } else if (command === 'start') {
    await start();
  }
  console.log('ready');
}
process.exit(0);
