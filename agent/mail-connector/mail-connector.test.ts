import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newDeviceId, newPersonId } from '../../shared/protocol/ids.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import { OPEN } from '../../tests/support/mail-intake.ts';
import { MailService } from '../../tests/support/mail-service.ts';
import { SmtpClient } from '../../tests/support/smtp-client.ts';
import { openWorkspace, type Workspace } from '../workspace/workspace.ts';
import { type MailConnector, startMailConnector } from './mail-connector.ts';

const SHARE = Buffer.alloc(32, 1);

let folder: string;
let workspace: Workspace;
let connector: MailConnector;
let forgotten: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-connector-'));
  workspace = await openWorkspace(join(folder, 'workspace'));
  forgotten = 0;
  const amina = newPersonId();
  const self = { device: newDeviceId(), generation: 1, key: await makeSigningKey() };
  const member = { ...self, person: amina, name: 'Amina', email: 'amina@corp.example', signatureKey: '' };
  const client = new MailService().client(self.device);
  connector = await startMailConnector({
    config: {
      home: folder,
      name: 'connector.example',
      largest: 1_000_000,
      queueLimit: 64_000_000,
      smtp: {
        bind: '127.0.0.1',
        port: 0,
        host: 'connector.example',
        tls: null,
        tlsRequired: false,
        largest: 1_000_000,
        clients: ['127.0.0.1'],
        connections: 10,
        recipients: 5,
        postmaster: null,
      },
      submission: { host: '127.0.0.1', port: 1, tls: 'none', login: null },
      mailbox: null,
    },
    workspace,
    installation: 'test',
    client: {
      ...client,
      recipients: async (addresses) =>
        addresses.map((address) => ({ address, person: amina, state: 'available' as const, denial: null })),
    },
    keys: { work: async () => Number.POSITIVE_INFINITY, privateKey: () => null },
    membership: {
      membersOf: async () => new Map([[amina, [member]]]),
    },
    senders: { memberOf: async () => member },
    self: () => self,
    forgetMail() {
      forgotten += 1;
    },
    gate: () => OPEN,
    statementOf: () => null,
    alert: () => undefined,
    onFailure: () => undefined,
  });
});
afterEach(async () => {
  await connector.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function send(subject: string): Promise<string> {
  const client = await SmtpClient.connect(connector.status().smtpPort ?? 0);
  try {
    await client.say('EHLO mail.outside.example');
    const message = `From: otto@outside.example\nSubject: ${subject}\n\ntext\n`;
    return await client.mail('otto@outside.example', ['amina@corp.example'], message);
  } finally {
    client.close();
  }
}

it('works again after a lock and an unlock', async () => {
  expect(await send('one')).toMatch(/^250/);
  await workspace.lock(SHARE);
  expect(await send('locked')).toMatch(/^451/);
  await workspace.unlock([SHARE]);
  connector.wake();
  await expect.poll(() => send('two')).toMatch(/^250/);
  expect(connector.status().queue).toEqual({ 'inbound waiting': 2 });
});

it('deletes the mail of a destroyed key after a wipe and an unlock, and works again', async () => {
  expect(await send('lost')).toMatch(/^250/);
  await workspace.wipe();
  expect(await send('wiped')).toMatch(/^451/);
  await workspace.unlock([SHARE]);
  connector.wake();
  await expect.poll(() => send('new')).toMatch(/^250/);
  expect([connector.status().queue, forgotten]).toEqual([{ 'inbound waiting': 1 }, 1]);
});
