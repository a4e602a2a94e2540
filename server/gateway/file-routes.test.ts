/** Transfers of files: only for an unfinished command of the same enrollment, in parts, and within the size limit. */
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LARGEST_FILE } from '../../shared/files/workspace-file.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { ask, type GatewayWorld, openGatewayWorld, TestLink } from '../../tests/support/gateway-world.ts';
import { UploadStore } from '../store/file-parts.ts';
import { FileStore } from '../store/file-store.ts';
import { createUploads, PART } from '../uploads.ts';

const CONTENT = randomBytes(PART + 10);
const FILE = {
  name: 'rules.pdf',
  sha256: createHash('sha256').update(CONTENT).digest('hex'),
  size: CONTENT.length,
};

let world: GatewayWorld;
let store: FileStore;
beforeAll(async () => {
  world = await openGatewayWorld();
  store = new FileStore(world.database);
  const uploads = createUploads(new UploadStore(world.database));
  await uploads.receive('acc_a', Readable.from([CONTENT]), { most: LARGEST_FILE, what: 'A file' }, (upload) =>
    store.put({ ...FILE, note: '', uploadedAt: 1, uploadedBy: 'acc_a' }, upload, LARGEST_FILE),
  );
});
afterAll(() => world.close());

it('case 15: a device gets a file only for its own unfinished command `push-file`, in parts', async () => {
  const [amina, bilal] = [await world.enroll(), await world.enroll()];
  const { id } = await world.commands.issue({
    device: amina.id,
    command: { kind: 'push-file', ...FILE },
    by: 'acc_a',
  });
  const get = ({ tls }: typeof amina, command: string, range = 'bytes=0-') =>
    ask(tls, 'GET', `/device/files/${command}`, undefined, { range });
  const { id: fetching } = await world.commands.issue({
    device: amina.id,
    command: { kind: 'fetch-file', name: 'a', reason: 'b' },
    by: 'acc_a',
  });

  expect((await get(bilal, id)).status).toBe(404);
  expect((await get(amina, fetching)).status).toBe(404);
  expect((await get(amina, newCommandId())).status).toBe(404);
  expect((await get(amina, 'cmd_no')).status).toBe(400);
  expect((await get(amina, id, 'bytes=-5')).status).toBe(400);
  expect((await get(amina, id, `bytes=${FILE.size}-`)).status).toBe(400);

  const first = await get(amina, id);
  expect([first.status, first.headers['content-range']]).toEqual([206, `bytes 0-${PART - 1}/${FILE.size}`]);
  const second = await get(amina, id, `bytes=${PART + 4}-`);
  expect(second.headers['content-range']).toBe(`bytes ${PART + 4}-${FILE.size - 1}/${FILE.size}`);

  // An agent that does not state `files` never receives the commands, because its schema would refuse the frame.
  await world.commands.issue({ device: amina.id, command: { kind: 'restart-agent' }, by: 'acc_a' });
  const old = await new TestLink(amina.tls).hello();
  await old.next('command');
  expect(old.frames.flatMap((frame) => (frame.kind === 'command' ? frame.command.kind : []))).toEqual([
    'restart-agent',
  ]);

  await world.commands.finished(amina.id, 1, { command: id, outcome: 'done', detail: '' });
  expect((await get(amina, id)).status).toBe(404);
});

it('case 15: a file is stored only for the device’s own unfinished command `fetch-file`', async () => {
  const [amina, bilal] = [await world.enroll(), await world.enroll()];
  const { id } = await world.commands.issue({
    device: amina.id,
    command: { kind: 'fetch-file', name: 'expenses.csv', reason: 'Audit' },
    by: 'acc_a',
  });
  const { id: pushing } = await world.commands.issue({
    device: amina.id,
    command: { kind: 'push-file', ...FILE },
    by: 'acc_a',
  });
  const put = async ({ tls }: typeof amina, command: string, size = 5) =>
    (await ask(tls, 'PUT', `/device/files/${command}`, 'x'.repeat(size))).status;

  expect(await put(bilal, id)).toBe(404);
  expect(await put(amina, pushing)).toBe(404);
  expect(await put(amina, newCommandId())).toBe(404);
  expect(await put(amina, 'cmd_no')).toBe(400);
  expect(await store.listReceived(amina.id)).toEqual([]);

  expect(await put(amina, id)).toBe(204);
  expect(await put(amina, id, LARGEST_FILE)).toBe(204);
  expect(await store.listReceived(amina.id)).toMatchObject([
    { command: id, name: 'expenses.csv', reason: 'Audit', size: LARGEST_FILE },
  ]);
  expect(await put(amina, id, LARGEST_FILE + 1)).toBe(413);

  await world.commands.finished(amina.id, 1, { command: id, outcome: 'done', detail: '' });
  expect(await put(amina, id)).toBe(404);
});
