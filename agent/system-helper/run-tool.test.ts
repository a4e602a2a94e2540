import { expect, it } from 'vitest';
import { toolRunner } from './run-tool.ts';

const run = toolRunner({});
const ENDLESS = ['-c', 'yes & wait'];

it('ends a program and its child when the caller refuses the output', async () => {
  const refusal = new Error('the output is refused');
  const refuse = () => {
    throw refusal;
  };
  await expect(run('sh', ENDLESS, { within: 60_000, onOutput: refuse })).rejects.toBe(refusal);
});

it('ends a program and its child at the deadline', async () => {
  expect(await run('sh', ENDLESS, { within: 100, onOutput: () => undefined })).toMatchObject({ code: null, out: '' });
});
