#!/usr/bin/env node
// Plain JavaScript, so that an older Node can read it and say what is missing instead of failing on the first type.
if (Number(process.versions.node.split('.')[0]) < 26) {
  console.error(
    `Cordon needs Node 26 and this is ${process.versions.node}: start it with "npm start", which brings its own.`,
  );
  process.exit(1);
}
const { run } = await import('./main.ts');
await run();
