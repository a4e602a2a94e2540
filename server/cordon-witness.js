#!/usr/bin/env node
// Plain JavaScript, so that an older Node can read it and say what is missing instead of failing on the first type.
if (Number(process.versions.node.split('.')[0]) < 26) {
  console.error(
    `cordon-witness needs Node 26, but this is Node ${process.versions.node}. Run it with node_modules/.bin/node.`,
  );
  process.exit(1);
}
const { prepareCommandLine } = await import('../shared/command-line.js');
prepareCommandLine();
const { listenForStop } = await import('../shared/stop-signals.ts');
const { main } = await import('./witness/main.ts').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(`cordon-witness: ${error.message}. Run "npm ci --omit=dev" in the folder of Cordon, then try again.`);
  process.exit(1);
});
const stopSignals = () => listenForStop({ within: 8_000, log: (text) => console.error(`cordon-witness: ${text}`) });
process.exitCode = await main(process.argv.slice(2), stopSignals);
