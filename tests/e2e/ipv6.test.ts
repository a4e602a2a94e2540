import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { credentialFolder } from '../../agent/enrollment/credential-folder.ts';
import { enroll } from '../../agent/enrollment/enroll.ts';
import { dialDirect } from '../../agent/link/dial.ts';
import { openAgentStore } from '../../agent/store/agent-store.ts';
import { setUp } from '../support/operator.ts';
import { startServerProcess } from '../support/server-process.ts';

it('a server with IPv6 addresses as names prints links that work, and devices enroll by them', async () => {
  const all = { CORDON_NAMES: '::1', CORDON_BIND: '::1', CORDON_ADMIN_BIND: '::1' };
  const server = await startServerProcess(all);
  onTestFinished(() => server.remove());
  const [admin] = server.firstOwner.split('/#');
  expect(server.output()).toContain(`admins   ${admin}`);
  const operator = await setUp(admin ?? '', server.firstOwner);
  const { link } = await operator.code({ user: 'Alia', group: await operator.group('Karachi', 'PK') });
  const folder = mkdtempSync(join(tmpdir(), 'cordon-ipv6-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const store = openAgentStore({ file: join(folder, 'agent.db'), synchronous: 'normal' });
  onTestFinished(() => store.close());
  const keeper = credentialFolder(folder);
  await enroll(link, { keeper, store, dial: dialDirect });
  expect(keeper.load()).toMatchObject({ deviceUrl: expect.stringMatching(/^wss:\/\/\[::1\]:\d+$/) });
});
