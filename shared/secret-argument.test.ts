import { Readable, Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { readSecretLines } from './secret-argument.ts';

const streams = (text: string) => ({
  stdin: Readable.from([text]),
  stderr: new Writable({ write: (_chunk, _encoding, written) => written() }),
});

it.each([
  ['one secret without a line feed', 'correct horse', ['Passcode'], ['correct horse']],
  ['spaces that belong to the secret', ' correct  horse \r\n', ['Passcode'], [' correct  horse ']],
  ['one line for each question', 'present\nnext\n', ['Present', 'Next'], ['present', 'next']],
])('reads %s', async (_case, text, questions, expected) => {
  expect(await readSecretLines(streams(text), questions)).toEqual(expected);
});

it.each(['', '\n', 'present\n'])('refuses missing secrets in %j', async (text) => {
  await expect(readSecretLines(streams(text), ['Present', 'Next'])).rejects.toMatchObject({ code: 'invalid_input' });
});
