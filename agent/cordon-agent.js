#!/usr/bin/env node
// Plain JavaScript, so that an older Node can read it and say what is missing instead of failing on the first type.
if (Number(process.versions.node.split('.')[0]) < 26) {
  console.error(
    `cordon-agent needs Node 26 and this is ${process.versions.node}: run it with the one in node_modules/.bin.`,
  );
  process.exit(1);
}
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
