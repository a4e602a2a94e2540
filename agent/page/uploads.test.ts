import { expect, it } from 'vitest';
import { createUploads } from './uploads.ts';

const file = (size: number) => ({ name: 'a', type: 'a/b', bytes: new Uint8Array(size) });

it('keeps an upload until a message uses it, or for five minutes', () => {
  const uploads = createUploads();
  const [a, b] = [uploads.add(file(1), 0), uploads.add(file(2), 1000)];
  expect(uploads.get([b, a], 299_999).map(({ bytes }) => bytes.length)).toEqual([2, 1]);
  expect(() => uploads.get([a, b], 300_000)).toThrow('Attach it again');
  expect(uploads.get([b], 300_000)).toHaveLength(1);
  uploads.drop([b]);
  expect(() => uploads.get([b], 300_000)).toThrow('Attach it again');
});

it('stores files of two full messages, and more after they were sent or expired', () => {
  const uploads = createUploads();
  const ids = Array.from({ length: 20 }, () => uploads.add(file(1), 0));
  expect(() => uploads.add(file(1), 1)).toThrow('Send these attachments first');
  uploads.drop(ids.slice(0, 1));
  uploads.add(file(1), 1);
  expect(() => uploads.add(file(1), 2)).toThrow('Send these attachments first');
  uploads.add(file(1), 300_000);
});
