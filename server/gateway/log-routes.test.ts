/** Uploads of logs: only for an unfinished command `collect-logs` of the same enrollment, and within the size limit. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LARGEST_LOG } from '../../shared/protocol/device-http.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { ask, type GatewayWorld, openGatewayWorld, TestLink } from '../../tests/support/gateway-world.ts';

let world: GatewayWorld;
beforeAll(async () => {
  world = await openGatewayWorld();
});
afterAll(() => world.close());

const stored = async () =>
  (await world.database.db.selectFrom('device_logs').select(['command_id', 'size']).execute()).map((row) => ({
    ...row,
  }));

it('case 15: a log is stored only for the device’s own unfinished command `collect-logs`', async () => {
  const [amina, bilal] = [await world.enroll(), await world.enroll()];
  const issue = (kind: 'collect-logs' | 'restart-agent') =>
    world.commands.issue({ device: amina.id, command: { kind }, by: 'acc_a' });
  const [{ id }, { id: restart }] = [await issue('collect-logs'), await issue('restart-agent')];
  const put = async ({ tls }: typeof amina, command: string, size = 5) =>
    (await ask(tls, 'PUT', `/device/logs/${command}`, 'x'.repeat(size))).status;

  expect(await put(bilal, id)).toBe(404);
  expect(await put(amina, restart)).toBe(404);
  expect(await put(amina, newCommandId())).toBe(404);
  expect(await put(amina, 'cmd_no')).toBe(400);
  expect(await stored()).toEqual([]);

  expect(await put(amina, id)).toBe(204);
  expect(await put(amina, id, LARGEST_LOG)).toBe(204);
  expect(await stored()).toEqual([{ command_id: id, size: LARGEST_LOG }]);
  expect(await put(amina, id, LARGEST_LOG + 1)).toBe(413);

  // An agent that does not state `logs` never receives the command, because its schema would refuse the frame.
  const old = await new TestLink(amina.tls).hello();
  await old.next('command');
  expect(old.frames.flatMap((frame) => (frame.kind === 'command' ? frame.command.kind : []))).toEqual([
    'restart-agent',
  ]);
  await world.commands.finished(amina.id, 1, { command: id, outcome: 'done', detail: '' });
  expect(await put(amina, id)).toBe(404);
});
