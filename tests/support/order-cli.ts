/** An owner and four approvers with keys at their command lines, on the real API, orders and store. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi } from './api-server.ts';
import { testAuthority } from './enrollment.ts';
import { runInProcess } from './in-process-cli.ts';

const PEOPLE = ['ada', 'ben', 'cleo', 'dan'] as const;

/** Terms of a complete order. */
export const TERMS = {
  title: 'Pakistan, from the file',
  areas: ['PK'],
  services: ['messaging', 'mail'],
  nexus: ['present'],
  unknown: 'allow',
  contested: 'allow',
  travelers: 'allow',
  authority: 'The authority',
  addressee: 'The operator',
  instrument: 'Letter 1',
  statement: { en: 'Service ends.' },
  effective: '2099-11-30T23:59',
  zone: 'Asia/Karachi',
};

export type OrderCli = Awaited<ReturnType<typeof startOrderCli>>;

export async function startOrderCli() {
  const { authority, remove } = testAuthority();
  const api = await startApi({ authority });
  const folder = mkdtempSync(join(tmpdir(), 'cordon-orders-'));
  const cordon = (who: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    runInProcess(args, {
      XDG_CONFIG_HOME: join(folder, `${who}-home`),
      CORDON_SERVER: api.url,
      CORDON_KEY_PASSPHRASE: `the passphrase of ${who}`,
      ...env,
    });
  const keyOf = (who: string) => join(folder, `${who}.pem`);
  await api.commandLine(await api.account('owner@example.org', []), join(folder, 'owner-home'));
  for (const who of PEOPLE) {
    const account = await api.account(`${who}@example.org`, [{ role: 'legal', group: null, area: null }]);
    await api.commandLine(account, join(folder, `${who}-home`));
    await cordon(who, ['key', 'create', keyOf(who)]);
  }

  async function proposeApprovers() {
    const keyids: string[] = [];
    for (const who of PEOPLE) {
      keyids.push((await cordon(who, ['key', 'register', '--key', keyOf(who), '--json'])).json().keyid);
    }
    return { keyids, set: (await cordon('owner', ['approvers', 'propose', ...keyids, '--json'])).json() };
  }

  return {
    api,
    folder,
    cordon,
    keyOf,
    proposeApprovers,
    /** Makes the four people the approvers. Two of them must approve an order. */
    async adoptApprovers() {
      const { set } = await proposeApprovers();
      for (const who of ['ada', 'ben']) {
        await cordon(who, ['approvers', 'sign', '1', '--key', keyOf(who), '--digest', set.digest]);
      }
    },
    approve: (who: string, order: string, revision: number, ...more: string[]) =>
      cordon(who, ['orders', 'approve', order, String(revision), '--key', keyOf(who), '--yes', '--json', ...more]),
    /** Writes the changed terms to a file. Returns its path. */
    termsFile(name: string, changes: object = {}): string {
      const file = join(folder, `${name}.json`);
      writeFileSync(file, JSON.stringify({ ...TERMS, ...changes }));
      return file;
    },
    async close() {
      await api.close();
      remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
