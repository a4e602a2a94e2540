#!/usr/bin/env node
// Plain JavaScript, so that an older Node can read it and say what is missing instead of failing on the first type.
if (Number(process.versions.node.split('.')[0]) < 26) {
  console.error(
    `Cordon needs Node 26, but this is Node ${process.versions.node}. Run "npm run cordon -- …", which brings its own.`,
  );
  process.exit(1);
}
const { prepareCommandLine } = await import('../shared/command-line.js');
prepareCommandLine();
/** @param {NodeJS.ErrnoException} error */
const missing = (error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(`cordon: ${error.message}. Run "npm ci --omit=dev" in the folder of Cordon, then try again.`);
  process.exit(1);
};
const { stdin, stdout, stderr, argv } = process;
if (argv[2] === 'mail-connector') {
  const { runMailConnector } = await import('./cli/mail-connector-command.ts').catch(missing);
  process.exitCode = runMailConnector(argv.slice(3));
} else {
  const { runCli } = await import('./cli/main.ts').catch(missing);
  process.exitCode = await runCli(argv.slice(2), { stdin, stdout, stderr });
}
