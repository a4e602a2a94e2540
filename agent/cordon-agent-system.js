#!/usr/bin/env node
// Plain JavaScript, so that an older Node can read it and say what is missing instead of failing on the first type.
if (Number(process.versions.node.split('.')[0]) < 26) {
  console.error(
    `cordon-agent-system needs Node 26, but this is Node ${process.versions.node}. Run it with node_modules/.bin/node.`,
  );
  process.exit(1);
}
const { prepareCommandLine } = await import('../shared/command-line.js');
prepareCommandLine();
const { main } = await import('./system-helper/main.ts').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(`cordon-agent-system: ${error.message}. Run "npm ci --omit=dev" in the folder of Cordon.`);
  process.exit(1);
});
process.exitCode = await main(process.argv.slice(2));
