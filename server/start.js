#!/usr/bin/env node
// Plain JavaScript, so that an older Node can read it and say what is missing instead of failing on the first type.
if (Number(process.versions.node.split('.')[0]) < 26) {
  console.error(
    `Cordon needs Node 26, but this is Node ${process.versions.node}. Start it with "npm start", which brings its own.`,
  );
  process.exit(1);
}
// The memory of TLS connections lies outside of V8's heap. By default, V8 marks the whole heap each time that the outside memory has grown by
// 64 MiB, about every 1,300 connections. This marking costs up to a fifth of the CPU time. With this flag, V8 adds the outside memory to the
// heap, and marks when both together reach a limit that grows with the heap.
const { setFlagsFromString } = await import('node:v8');
setFlagsFromString('--external-memory-accounted-in-global-limit');
const { keepCompiledCode } = await import('../shared/compile-cache.js');
keepCompiledCode();
if (process.argv.includes('--version')) {
  const { VERSION } = await import('./version.ts');
  console.log(`cordon-server/${VERSION}`);
  process.exit(0);
}
try {
  // Before the rest is loaded, which takes a second: process 1 of a container ignores a signal that it does not handle.
  const { listenForStop } = await import('../shared/stop-signals.ts');
  // Docker ends a container with SIGKILL ten seconds after SIGTERM.
  const signals = listenForStop({ within: 8_000, log: (text) => console.error(`cordon: ${text}`) });
  const { run } = await import('./main.ts');
  await run(signals);
} catch (error) {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') {
    console.error(`cordon: ${error.message}. Run "npm ci --omit=dev" in the folder of Cordon, then start again.`);
    process.exit(78);
  }
  const { exitAfterStartError } = await import('./start-error.ts');
  exitAfterStartError(error);
}
