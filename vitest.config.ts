import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{server,agent,shared,certs,tests}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Two cores: more workers would only fight each other for them.
    maxWorkers: 2,
  },
});
