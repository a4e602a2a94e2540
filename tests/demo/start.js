#!/usr/bin/env node
// Plain JavaScript, so that an older Node can read it and name the missing version instead of failing on the first type.
if (Number(process.versions.node.split('.')[0]) < 26) {
  console.error(
    `The demo needs Node 26, but this is Node ${process.versions.node}. Start it with "npm run demo", which brings its own.`,
  );
  process.exit(1);
}
const { main } = await import('./demo.ts');
await main(process.argv.slice(2));
