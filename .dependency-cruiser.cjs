/** Imports go one way. Each ban carries its reason, which is what a person reads when it fails. */
const domain =
  '^server/(enrolment|devices|commands|holds|jurisdiction|orders|overview|membership|people|relay|ledger|admins|recovery|bus|clock)/';
const test = '\\.test\\.ts$|^tests/';
/** What makes the console's files, in Node; the rest of its folder runs in a browser. */
const consoleTools = '^server/console/(build|make-world|vite\\.config)\\.ts$';
/** What runs in a browser besides: what the pages share. */
const look = '^shared/look/';
/** What makes the files of a device's page, and serves them; `client` runs in a browser. */
const page = '^agent/page/client/';
const pageTools = '^agent/page/(client/vite\\.config|build)\\.ts$';
const builtin = `^(node:)?(${require('node:module').builtinModules.join('|')})$`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other cannot be read, tested or moved one at a time.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'shared-stands-alone',
      comment: 'shared/ runs on the server, on a device and in a browser: it may know none of them.',
      severity: 'error',
      from: { path: '^shared/', pathNot: test },
      to: { path: '^(server|agent|certs|tests)/' },
    },
    {
      name: 'certs-below-server',
      comment: 'The certificate authority must be usable, and reviewable, without the server around it.',
      severity: 'error',
      from: { path: '^certs/', pathNot: test },
      to: { path: '^(server|agent|tests)/' },
    },
    {
      name: 'agent-knows-no-server',
      comment: 'A device trusts documents, not server code; the agent must build without server/ and certs/.',
      severity: 'error',
      from: { path: '^agent/', pathNot: test },
      to: { path: '^(server|certs|tests)/' },
    },
    {
      name: 'server-knows-no-agent',
      comment: 'Whatever the server needs to know of an agent is in shared/protocol.',
      severity: 'error',
      from: { path: '^server/', pathNot: test },
      to: { path: '^(agent|tests)/' },
    },
    {
      name: 'domain-below-edges',
      comment: 'A rule that knew HTTP, sockets or SQL could not be tested as a rule.',
      severity: 'error',
      from: { path: domain, pathNot: test },
      to: { path: '^server/(gateway|api|public|cli|main\\.ts)' },
    },
    {
      name: 'domain-declares-ports',
      comment: 'Domain modules declare the port that they need; the store implements it, and main.ts plugs it in.',
      severity: 'error',
      from: { path: domain, pathNot: test },
      to: { path: '^server/store/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'domain-main-file-only',
      comment: "Another module's inside is its own: import its main file.",
      severity: 'error',
      from: {
        path: '^server/(enrolment|devices|commands|holds|jurisdiction|orders|overview|membership|people|relay|ledger|admins|recovery)/',
        pathNot: test,
      },
      to: {
        path: '^server/(enrolment|devices|commands|holds|jurisdiction|orders|overview|membership|people|relay|ledger|admins|recovery)/',
        pathNot: ['^server/$1/', '^server/([^/]+)/\\1\\.ts$'],
      },
    },
    {
      name: 'sql-in-store-only',
      comment: 'One place holds every query, so that both dialects are tested by one suite.',
      severity: 'error',
      from: { path: '^(server|agent|shared|certs)/', pathNot: ['^server/store/', test] },
      to: { path: 'node_modules/(kysely|better-sqlite3|pg)/' },
    },
    {
      name: 'sockets-in-two-places',
      comment: 'The link has two ends; anything else that opened a WebSocket would be a second device protocol.',
      severity: 'error',
      from: { path: '^(server|agent|shared|certs)/', pathNot: ['^server/gateway/', '^agent/link/', test] },
      to: { path: 'node_modules/(@types/)?ws/' },
    },
    {
      name: 'express-at-the-edge',
      comment:
        'Only the api, the public listener and a device’s page speak HTTP through express, and what serves their files.',
      severity: 'error',
      from: {
        path: '^(server|agent|shared|certs)/',
        pathNot: ['^server/(api|public)/', '^agent/page/app\\.ts$', '^shared/pages/', test],
      },
      to: { path: 'node_modules/(@types/)?express/' },
    },
    {
      name: 'forge-in-certs-only',
      comment: 'node-forge parses more than DER; certs/ re-encodes and compares, and nobody else should have to know.',
      severity: 'error',
      from: { path: '^(server|agent|shared|certs)/', pathNot: ['^certs/', test] },
      to: { path: 'node_modules/(@types/)?node-forge/' },
    },
    {
      name: 'systeminformation-in-inventory-only',
      comment: 'What is read of a machine is read in one place that a person can audit.',
      severity: 'error',
      from: { path: '^(server|agent|shared|certs)/', pathNot: ['^agent/inventory/', test] },
      to: { path: 'node_modules/systeminformation/' },
    },
    {
      name: 'server-cannot-read',
      comment:
        'No code of the server but the console may hold what opens sealed messages, nor reach it by way of others: "the server cannot read it" is this test.',
      severity: 'error',
      from: { path: '^server/', pathNot: ['^server/console/', test] },
      to: { path: '^shared/seal/', reachable: true },
    },
    {
      name: 'mls-in-seal-only',
      comment:
        'ts-mls takes anybody in, for good, unless it is told otherwise, and has to be asked twice about trees: shared/seal does, and nobody else should have to know.',
      severity: 'error',
      from: { path: '^(server|agent|shared|certs)/', pathNot: ['^shared/seal/', test] },
      to: { path: 'node_modules/(ts-mls|@hpke)/' },
    },
    {
      name: 'seal-runs-in-a-browser',
      comment:
        'What seals and opens may not need Node: an agent of another kind, or a page of one, is to use the same.',
      severity: 'error',
      from: { path: '^shared/seal/', pathNot: test },
      to: { path: builtin, reachable: true },
    },
    {
      name: 'console-from-shared-only',
      comment:
        'The console knows the server by its API, as every other client does: what both must know is in shared/.',
      severity: 'error',
      from: { path: '^server/console/', pathNot: test },
      to: { path: '^(server|agent|certs|tests)/', pathNot: '^server/console/' },
    },
    {
      name: 'pages-run-in-a-browser',
      comment:
        'No browser has the builtins of Node, so nothing that a page reaches in shared/ may need one: split what needs it from what does not.',
      severity: 'error',
      from: { path: ['^server/console/', look, page], pathNot: [consoleTools, pageTools, test] },
      to: { path: builtin, reachable: true },
    },
    {
      name: 'look-for-pages-only',
      comment: 'What the pages are drawn with needs a browser: nothing else can use it.',
      severity: 'error',
      from: { pathNot: ['^server/console/', page, look] },
      to: { path: look },
    },
    {
      name: 'pages-built-and-served-by-their-owners',
      comment:
        'Bundling and serving files is for whoever has pages; the rest of shared/ runs in them, and on every device.',
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
      comment:
        'The console is served as files. Only what serves or starts it asks for its build; the rest of the server runs without it.',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/(console/|api/|(main\\.ts|start\\.js)$)' },
      to: { path: '^server/console/' },
    },
    {
      name: 'console-by-its-build',
      comment: "The console's inside is its own: from outside one builds it and reads what was built.",
      severity: 'error',
      from: { pathNot: '^server/console/' },
      to: { path: '^server/console/', pathNot: '^server/console/(build\\.ts$|dist)' },
    },
    {
      name: 'page-by-its-api',
      comment: 'A device’s page knows the daemon by what both say to each other, which is in one file, and by shared/.',
      severity: 'error',
      from: { path: page, pathNot: [pageTools, test] },
      to: { path: '^(server|agent|certs|tests)/', pathNot: [page, '^agent/page/api\\.ts$'] },
    },
    {
      name: 'page-on-demand',
      comment:
        'Thousands of agents run without a page: only the daemon and its command line may bring one, when asked.',
      severity: 'error',
      from: { path: '^agent/', pathNot: ['^agent/(page/|daemon\\.ts$|open-command\\.ts$)', test] },
      to: { path: '^agent/page/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'page-by-its-build',
      comment: "A page's inside is its own: from outside one builds it and reads what was built.",
      severity: 'error',
      from: { pathNot: page },
      to: { path: page, pathNot: '^agent/page/client/dist' },
    },
    {
      name: 'tests-are-not-shipped',
      comment: 'Nothing that runs in production may import a test.',
      severity: 'error',
      from: { path: '^(server|agent|shared|certs)/', pathNot: test },
      to: { path: ['^tests/', '\\.test\\.ts$'] },
    },
    {
      name: 'production-without-build-tools',
      comment:
        'A production install (`npm ci --omit=dev`) has no development dependencies. Only pages, their build and tests may import one.',
      severity: 'error',
      from: {
        path: '^(server|agent|shared|certs)/',
        pathNot: ['^server/console/', page, look, '^shared/pages/(build|vite-config)\\.ts$', test],
      },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-unresolved',
      comment: 'An import that leads nowhere fails at run time, on the path that nobody tried.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // What the build writes.
    exclude: { path: '^(server/console|agent/page/client)/dist' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
