/** Rules for imports, each with its reason: imports go one way. */
const { existsSync } = require('node:fs');
const { join } = require('node:path');

/** Folders of server/ with the rules of the product. */
const DOMAIN = [
  ...['activity', 'admins', 'commands', 'compliance', 'devices', 'disclosures', 'enrollment', 'groups', 'holds'],
  ...[
    'independence',
    'inventory',
    'jurisdiction',
    'ledger',
    'mail',
    'membership',
    'notifications',
    'orders',
    'overview',
    'packages',
    'people',
  ],
  ...['person-keys', 'policies', 'recovery', 'relay'],
];
/** A rule for a folder that was renamed would check nothing. */
for (const folder of DOMAIN) {
  if (!existsSync(join(__dirname, 'server', folder))) throw new Error(`server/${folder} does not exist: update DOMAIN`);
}
const domain = `^server/(${DOMAIN.join('|')}|bus|clock)/`;
const domainModule = `^server/(${DOMAIN.join('|')})/`;
const test = '\\.test\\.ts$|^tests/';
/** Builds the console in Node. The other files of its folder run in a browser. */
const consoleTools = '^server/console/(build|make-world|vite\\.config)\\.ts$';
/** Shared parts of the pages. They run in a browser too. */
const look = '^shared/look/';
/** Client of the device page, which runs in a browser. */
const page = '^agent/page/client/';
const pageTools = '^agent/page/(client/vite\\.config|build)\\.ts$';
const packaging = '^agent/package/';
const builtin = `^(node:)?(${require('node:module').builtinModules.join('|')})$`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that import each other, even for types alone, cannot be read, tested or moved one at a time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'shared-stands-alone',
      comment: 'shared/ runs on the server, on a device and in a browser, so it must not import their code.',
      severity: 'error',
      from: { path: '^shared/', pathNot: test },
      to: { path: '^(server|agent|certs|tests)/' },
    },
    {
      name: 'certs-below-server',
      comment: 'A reviewer must be able to use and read the certificate authority without the server.',
      severity: 'error',
      from: { path: '^certs/', pathNot: test },
      to: { path: '^(server|agent|tests)/' },
    },
    {
      name: 'agent-knows-no-server',
      comment: 'The agent must build and run without server/ and certs/. It trusts signed documents only.',
      severity: 'error',
      from: { path: '^agent/', pathNot: test },
      to: { path: '^(server|certs|tests)/' },
    },
    {
      name: 'server-knows-no-agent',
      comment: 'The server and the agent share only the protocol, in shared/.',
      severity: 'error',
      from: { path: '^server/', pathNot: test },
      to: { path: '^(agent|tests)/' },
    },
    {
      name: 'domain-below-edges',
      comment: 'Tests of the product’s rules must not need HTTP, sockets or SQL.',
      severity: 'error',
      from: { path: domain, pathNot: test },
      to: { path: '^server/(gateway|api|public|cli|composition|main\\.ts)' },
    },
    {
      name: 'domain-declares-ports',
      comment:
        'Domain modules declare the ports that they need. The store implements them, and server/composition connects both.',
      severity: 'error',
      from: { path: domain, pathNot: test },
      to: { path: '^server/store/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'domain-main-file-only',
      comment: 'The inner files of a module may change at any time. Import the module’s main file.',
      severity: 'error',
      from: {
        path: domainModule,
        pathNot: test,
      },
      to: {
        path: domainModule,
        pathNot: ['^server/$1/', '^server/([^/]+)/\\1\\.ts$'],
      },
    },
    {
      name: 'sql-in-store-only',
      comment: 'All queries are in server/store, so that one suite tests them on both databases.',
      severity: 'error',
      from: { path: '^(server|agent|shared|certs)/', pathNot: ['^server/store/', test] },
      to: { path: 'node_modules/(kysely|better-sqlite3|pg)/' },
    },
    {
      name: 'sockets-in-two-places',
      comment:
        'Only the two ends of the device link may open a WebSocket. A third place would be a second device protocol.',
      severity: 'error',
      from: { path: '^(server|agent|shared|certs)/', pathNot: ['^server/gateway/', '^agent/link/', test] },
      to: { path: 'node_modules/(@types/)?ws/' },
    },
    {
      name: 'express-at-the-edge',
      comment: 'Only the API, the public listener, the device page and the module that serves their files use express.',
      severity: 'error',
      from: {
        path: '^(server|agent|shared|certs)/',
        pathNot: ['^server/(api|public)/', '^agent/page/(app|route|[a-z-]+-routes)\\.ts$', '^shared/pages/', test],
      },
      to: { path: 'node_modules/(@types/)?express/' },
    },
    {
      name: 'forge-in-certs-only',
      comment:
        'node-forge accepts more than DER. certs/ has a strict reader for bytes from outside, and uses node-forge for PKCS#12 only.',
      severity: 'error',
      from: { path: '^(server|agent|shared|certs)/', pathNot: ['^certs/', test] },
      to: { path: 'node_modules/(@types/)?node-forge/' },
    },
    {
      name: 'server-cannot-read',
      comment:
        'The server must not be able to open sealed messages. No server code except the console may import shared/seal, directly or through other modules.',
      severity: 'error',
      from: { path: '^server/', pathNot: ['^server/console/', test] },
      to: { path: '^shared/seal/', reachable: true },
    },
    {
      name: 'mls-in-seal-only',
      comment:
        'ts-mls by default accepts every new member and does not fully validate trees. shared/seal adds these checks, so nothing else may import ts-mls.',
      severity: 'error',
      from: { path: '^(server|agent|shared|certs)/', pathNot: ['^shared/seal/', test] },
      to: { path: 'node_modules/(ts-mls|@hpke)/' },
    },
    {
      name: 'seal-runs-in-a-browser',
      comment: 'Other agents and pages must be able to use the same sealing code, so it may not need Node.',
      severity: 'error',
      from: { path: '^shared/seal/', pathNot: test },
      to: { path: builtin, reachable: true },
    },
    {
      name: 'witness-stands-alone',
      comment:
        'Another organization runs the witness. Its operator must be able to read all of it, and needs no server.',
      severity: 'error',
      from: { path: '^server/witness/', pathNot: test },
      to: { path: '^(server|certs|agent)/', pathNot: '^server/(witness/|version\\.ts$)' },
    },
    {
      name: 'monitor-stands-alone',
      comment: 'The monitor distrusts the server, so it verifies with shared/ only. It sends mail as the server does.',
      severity: 'error',
      from: { path: '^server/monitor/', pathNot: test },
      to: {
        path: '^(server|certs|agent)/',
        pathNot: '^server/(monitor/|smtp/|outbound/|version\\.ts$|config-values\\.ts$|admins/ports\\.ts$)',
      },
    },
    {
      name: 'console-from-shared-only',
      comment: 'The console uses the server’s API like every other client. Common definitions are in shared/.',
      severity: 'error',
      from: { path: '^server/console/', pathNot: test },
      to: { path: '^(server|agent|certs|tests)/', pathNot: '^server/console/' },
    },
    {
      name: 'pages-run-in-a-browser',
      comment:
        'Browsers lack the built-in modules of Node. Move code that needs one out of the modules that a page imports.',
      severity: 'error',
      from: { path: ['^server/console/', look, page], pathNot: [consoleTools, pageTools, test] },
      to: { path: builtin, reachable: true },
    },
    {
      name: 'examples-in-openapi-only',
      comment: 'Pages, agents and the start of the server do not need the examples of the OpenAPI document.',
      severity: 'error',
      from: { pathNot: ['^shared/api/examples/', '^server/api/(openapi|schema-names)\\.ts$', test] },
      to: { path: ['^shared/api/examples/', '^server/api/schema-names\\.ts$'] },
    },
    {
      name: 'openapi-on-demand',
      comment: 'The OpenAPI document and its examples load on its first request, so that they do not delay the start.',
      severity: 'error',
      from: { pathNot: test },
      to: { path: '^server/api/openapi\\.ts$', dependencyTypesNot: ['dynamic-import'] },
    },
    {
      name: 'http-without-undici',
      comment:
        'An import of node:http reads its export WebSocket, which loads undici. shared/node-http.ts avoids that.',
      severity: 'error',
      from: { path: '^(server|agent|shared|certs)/', pathNot: test },
      to: { path: '^(node:)?http$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'parts-of-packages',
      comment: 'The main file loads code that no start needs. server/rate-limiters.ts loads the needed files.',
      severity: 'error',
      from: { path: '^(server|agent|shared|certs)/', pathNot: test },
      to: { path: 'node_modules/rate-limiter-flexible/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'packages-on-demand',
      comment: 'Most starts do not need these packages. Their users load them with import() or createRequire.',
      severity: 'error',
      from: {
        path: '^(server|agent|shared|certs)/',
        pathNot: [test, '^server/(cli|console)/', '^shared/age/seal-to\\.ts$', '^agent/page/', page, look],
      },
      to: {
        path: 'node_modules/(@simplewebauthn/server|age-encryption|better-sse|otplib|pg)/',
        dependencyTypesNot: ['type-only', 'dynamic-import'],
      },
    },
    {
      name: 'look-for-pages-only',
      comment: 'The shared parts of the pages need a browser.',
      severity: 'error',
      from: { pathNot: ['^server/console/', page, look] },
      to: { path: look },
    },
    {
      name: 'pages-built-and-served-by-their-owners',
      comment:
        'Only programs with pages bundle and serve files. The rest of shared/ also runs in browsers and on every device.',
      severity: 'error',
      from: {
        pathNot: [
          consoleTools,
          pageTools,
          '^server/api/console\\.ts$',
          '^agent/page/app\\.ts$',
          '^shared/pages/',
          test,
        ],
      },
      to: { path: '^shared/pages/' },
    },
    {
      name: 'console-is-a-client',
      comment: 'The server delivers the console as files. It must run without the console’s code.',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/(console/|api/|(main\\.ts|start\\.js)$)' },
      to: { path: '^server/console/' },
    },
    {
      name: 'console-by-its-build',
      comment: 'Other code may build the console and read the built files, and nothing else.',
      severity: 'error',
      from: { pathNot: '^server/console/' },
      to: { path: '^server/console/', pathNot: '^server/console/(build\\.ts$|dist)' },
    },
    {
      name: 'page-by-its-api',
      comment: 'The device page and the daemon share only the definitions of their API, in two files and in shared/.',
      severity: 'error',
      from: { path: page, pathNot: [pageTools, test] },
      to: { path: '^(server|agent|certs|tests)/', pathNot: [page, '^agent/page/(mail-)?api\\.ts$'] },
    },
    {
      name: 'page-on-demand',
      comment: 'Most agents run without a page. Only the daemon and the command line load it, on demand.',
      severity: 'error',
      from: { path: '^agent/', pathNot: ['^agent/(page/|daemon\\.ts$|open-command\\.ts$)', packaging, test] },
      to: { path: '^agent/page/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'page-by-its-build',
      comment: 'Other code may build the page and read the built files, and nothing else.',
      severity: 'error',
      from: { pathNot: page },
      to: { path: page, pathNot: '^agent/page/client/dist' },
    },
    {
      name: 'tests-are-not-shipped',
      comment: 'Production code must not import tests.',
      severity: 'error',
      from: { path: '^(server|agent|shared|certs)/', pathNot: test },
      to: { path: ['^tests/', '\\.test\\.ts$'] },
    },
    {
      name: 'production-without-build-tools',
      comment:
        'A production install (`npm ci --omit=dev`) has no development dependencies. Only pages, builds and tests may import one.',
      severity: 'error',
      from: {
        path: '^(server|agent|shared|certs)/',
        pathNot: ['^server/console/', page, look, packaging, '^shared/pages/(build|vite-config)\\.ts$', test],
      },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-unresolved',
      comment: 'An unresolved import fails only at run time, on the path that uses it.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Output of the builds.
    exclude: { path: '^(server/console|agent/page/client)/dist' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
