import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, expect, it } from 'vitest';
import { CordonError } from '../../../shared/errors.ts';
import { createUploads, type Uploads } from './uploads.ts';

const DENIED = new CordonError('service_denied', 'by an order');
let asked: { readonly id: string; readonly answer: PromiseWithResolvers<void> }[];
let ends: number;
let uploads: Uploads;

beforeEach(() => {
  asked = [];
  ends = 0;
  uploads = createUploads({
    attachments: {
      upload({ id }) {
        const answer = Promise.withResolvers<void>();
        asked.push({ id, answer });
        return answer.promise;
      },
    },
    onEnded: () => {
      ends += 1;
    },
  });
});

const file = (id: string) => ({ id, key: '', sha256: '', name: id, type: 'text/plain', size: 1 });
const message = (conversation: string, id: string, ...files: string[]) => ({
  conversation,
  id,
  attachments: files.map(file),
});
const names = () => asked.map(({ id }) => id);
/** Finds the newest upload with that name. */
async function answer(id: string, refusal?: Error): Promise<void> {
  const found = asked.findLast((one) => one.id === id)?.answer;
  if (refusal) found?.reject(refusal);
  else found?.resolve();
  await turn();
}

it('uploads one message of each conversation at a time, file by file', async () => {
  const [first, second, other] = [message('a', '1', 'x', 'y'), message('a', '2', 'z'), message('b', '3', 'w')];
  expect([first, second, other, message('a', '4')].map(uploads.have)).toEqual([false, false, false, true]);
  expect(names()).toEqual(['x', 'w']);
  await answer('x');
  expect([uploads.have(first), names(), ends]).toEqual([false, ['x', 'w', 'y'], 0]);
  await answer('y');
  expect([uploads.have(first), uploads.have(first), ends]).toEqual([true, true, 1]);
  expect([uploads.have(second), names()]).toEqual([false, ['x', 'w', 'y', 'z']]);
});

it('has a limit of parallel uploads, and starts the next when one has ended', async () => {
  const all = Array.from({ length: 6 }, (_, at) => message(`c${at}`, `m${at}`, `f${at}`));
  for (const each of all) uploads.have(each);
  expect(names()).toEqual(['f0', 'f1', 'f2', 'f3']);
  await answer('f1');
  expect(ends).toBe(1);
  for (const each of all) uploads.have(each);
  expect(names()).toEqual(['f0', 'f1', 'f2', 'f3', 'f4']);
});

it('reports a failure once, and tries again', async () => {
  const one = message('a', '1', 'x');
  uploads.have(one);
  await answer('x', DENIED);
  expect(() => uploads.have(one)).toThrow(DENIED);
  expect([uploads.have(one), names()]).toEqual([false, ['x', 'x']]);
  // The order was active at the failed upload, and the upload was not requested again before the order's end.
  await answer('x', DENIED);
  uploads.retry();
  expect([uploads.have(one), names()]).toEqual([false, ['x', 'x', 'x']]);
});

it('counts an interrupted upload as not failed', async () => {
  const one = message('a', '1', 'x', 'y');
  uploads.have(one);
  const stopped = uploads.stop();
  await answer('x');
  await stopped;
  expect([uploads.have(one), uploads.have(message('b', '2', 'z')), names()]).toEqual([false, false, ['x']]);
});
