/**
 * The public ledger loses entries for good, and approvers continue it (ADR 39). Server, agents and witness are real processes. The agent
 * accepts the new name of the log only with a document that enough of its approvers have signed, and with the cosignature of the witness.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { temporaryIdentity } from '../../shared/age/stream.ts';
import { alertList } from '../../shared/api/devices.ts';
import { checkpointView } from '../../shared/api/ledger.ts';
import { revisionView } from '../../shared/api/orders.ts';
import { type ContinuationView, continuationList, continuationView, recoveryView } from '../../shared/api/recovery.ts';
import { createdToken } from '../../shared/api/session.ts';
import { copyLedger, ledgerAt } from '../../shared/ledger/copy-ledger.ts';
import { validCosignatures } from '../../shared/ledger/cosignature.ts';
import { approvalOf, signContinuationPayload } from '../../shared/order/approver-key.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import { createKeyFile } from '../../shared/order/key-file.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { createCodes } from '../support/codes.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { type DatabaseUnderTest, describeOnSqliteFirst } from '../support/each-database.ts';
import { adoptChanged, foundOrganization } from '../support/organization.ts';
import { type Approver, type Caller, callerOf, type Person, signIn } from '../support/people.ts';
import { programPath } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';
import { until } from '../support/until.ts';
import { createWitnessProcess } from '../support/witness-process.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const CORDON = programPath('server/cordon.js');
const SLOW = 90_000;
const PATH = '/recovery/ledger/continuations';

const terms = (title: string) => ({
  title,
  areas: ['PK'],
  services: ['mail'],
  nexus: ['home'],
  unknown: 'allow',
  contested: 'allow',
  zone: 'Asia/Karachi',
  travelers: 'deny',
  appeal: 'appeals@example.org',
  authority: 'Regulator',
  addressee: 'operators',
  instrument: 'letter',
  statement: { en: title },
  effective: new Date(Date.now() + 3_000).toISOString(),
});

/** Enrolls a device of a new person who can write messages. `api`: admin who creates the code. */
async function person({ group }: World, api: Caller, user: string): Promise<AgentProcess> {
  const agent = new AgentProcess();
  closing.push(() => agent.remove());
  const { link } = await createCodes(api)({ user, group, home: 'PK' });
  await agent.enroll(link);
  agent.run();
  await agent.connected(SLOW);
  await until(async () => expect((await agent.status()).messaging.state).toBe('ready'), SLOW, 500);
  return agent;
}

const send = (from: AgentProcess, to: string, text: string) =>
  until(async () => {
    const { code, err } = await from.cli(['send', to, text]);
    expect([code, err]).toEqual([0, '']);
  }, SLOW);

const held = z.object({ key: z.string(), note: z.string() });
function stored<S extends z.ZodType>(agent: AgentProcess, name: string, schema: S): z.output<S> | null {
  const [row] = agent.query(`select value from state where name = '${name}'`);
  return row === undefined ? null : schema.parse(JSON.parse(String(row['value'])));
}

/** Name and size of the largest ledger that the agent has verified. */
function seenBy(agent: AgentProcess): { origin: string; size: number } {
  const [origin = '', size] = stored(agent, 'ledger', held)?.note.split('\n') ?? [];
  return { origin, size: Number(size) };
}

const signInAgain = async ({ server }: World, { signIn: known }: Person): Promise<Caller> =>
  callerOf(server.admin, await until(() => signIn(server.admin, known, Date.now() + 30_000), SLOW));

const show = (owner: Caller) => owner.call('GET', '/recovery', recoveryView);

function approve(api: Caller, key: Signer, { digest, payload }: ContinuationView): Promise<ContinuationView> {
  const body = { keyid: key.keyid, signature: signContinuationPayload(key, payload) };
  return api.call('POST', `${PATH}/${digest}/signatures`, continuationView, body);
}

const denialsOf = async (agent: AgentProcess) =>
  (await agent.status()).gates.find(({ service }) => service === 'mail')?.denials.map(({ order }) => order) ?? [];
const enforces = (agent: AgentProcess, order: string) =>
  until(async () => expect(await denialsOf(agent)).toContain(order), SLOW);

describeOnSqliteFirst('a ledger that lost entries', (database: DatabaseUnderTest) => {
  it('grows no further until enough approvers continue it, and agents follow only the signed document', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cordon-continue-test-'));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    const { identity, recipient } = await temporaryIdentity();
    writeFileSync(join(folder, 'identity'), `${identity}\n`, { mode: 0o600 });
    const witness = await createWitnessProcess();
    closing.push(witness.remove);
    await witness.start();
    const world = await openWorld({ ...(await database.env()), CORDON_WITNESSES: `${witness.key} ${witness.url}` });
    closing.push(world.remove);
    const { server, operator } = world;
    const addToWitness = async (caller: Caller) => {
      witness.addLog((await caller.call('GET', '/ledger/checkpoint', checkpointView)).key);
      await witness.stop();
      await witness.start();
    };
    await addToWitness(operator.owner.api);
    const [ada, ben] = operator.approvers as [Approver, Approver];
    // The restore ends the owner's token, so the owner signs in again.
    let owner = operator.owner.api;
    const api: Pick<Caller, 'call'> = { call: (...asked) => owner.call(...asked) };
    const organization = await foundOrganization({ api }, operator.approvers);
    const stopCountersigning = organization.keepCountersigning(1_000);
    closing.push(() => stopCountersigning().catch(() => undefined));
    await adoptChanged(operator.owner, operator.approvers, { witnesses: { threshold: 1, keys: [witness.key] } });
    const [amina, bilal] = [await person(world, owner, 'Amina'), await person(world, owner, 'Bilal')];
    await send(amina, 'Bilal', 'before the backup');

    const token = { CORDON_SERVER: server.admin, CORDON_TOKEN: operator.owner.token, XDG_CONFIG_HOME: folder };
    const run = (args: readonly string[], env: Record<string, string>) =>
      runProgram(process.execPath, [CORDON, ...args], { env, within: SLOW });
    const early = join(folder, 'copy');
    const caOf = (home: string) => readFileSync(join(home, 'keys', 'root.crt'), 'utf8');
    const kept = await copyLedger(ledgerAt(server.public, caOf(server.home)), early);
    const backup = join(folder, 'backup.age');
    expect(await run(['backup', backup, '--recipient', recipient], token)).toMatchObject({ code: 0, err: '' });

    // Changes after the backup: an order, and ledger entries that only Bilal has verified.
    await amina.stop();
    const lost = await operator.propose(terms('Lost order'));
    await operator.adopt(lost);
    await enforces(bilal, lost.order);
    const packOf = (order: string, out: string, env: Record<string, string>) =>
      run(['orders', 'pack', order, '--out', join(folder, out)], env);
    expect(await packOf(lost.order, 'before.zip', token)).toMatchObject({ code: 0 });
    expect(await run(['public-root', '--out', join(folder, 'root.json')], token)).toMatchObject({ code: 0 });
    await person(world, owner, 'Carla');
    await send(bilal, 'Carla', 'after the backup');
    const later = seenBy(bilal);
    expect(later.size).toBeGreaterThan(kept.checkpoint.size);
    await bilal.stop();
    const lateCopy = join(folder, 'late-copy');
    await copyLedger(ledgerAt(server.public, caOf(server.home)), lateCopy);
    await server.kill();

    const home = join(folder, 'new-machine');
    const there: Record<string, string> = { ...server.env, CORDON_HOME: home, ...(await database.env()) };
    const restored = await run(['restore', backup, '--identity', join(folder, 'identity')], there);
    expect([restored.code, restored.err]).toEqual([0, '']);
    await server.start(there);
    owner = await signInAgain(world, operator.owner);
    const [asAda, asBen, asProposer] = [
      await signInAgain(world, ada),
      await signInAgain(world, ben),
      await signInAgain(world, operator.proposer),
    ];
    const adopt = async (title: string) => {
      const revision = await asProposer.call('POST', '/orders', revisionView, terms(title));
      for (const [caller, { key }] of [[asAda, ada] as const, [asBen, ben] as const]) {
        const path = `/orders/${revision.order}/revisions/${revision.revision}/approvals`;
        const give = (immediate: boolean) =>
          caller.call('POST', path, z.unknown(), approvalOf(key, revision.payload, { immediate }));
        await give(false).catch(() => give(true));
      }
      return revision.order;
    };

    // 1. Bilal shows the larger ledger. The restored ledger then accepts no more entries.
    bilal.run();
    await bilal.connected(SLOW);
    await until(async () => expect((await show(owner)).evidence).toMatchObject({ notContained: 1 }), SLOW);
    const fork = (await show(owner)).evidence?.size ?? 0;
    expect((await show(owner)).recovery?.ledgerSuspended).toContain(`${later.size} entries`);
    await expect(owner.call('POST', '/recovery/ledger/resume', z.unknown(), {})).rejects.toThrow('entries were lost');
    // An order still takes effect, because a law does not wait. Its ledger entries wait, so its evidence pack is refused.
    const meanwhile = await adopt('Meanwhile');
    await enforces(bilal, meanwhile);
    const { secret } = await owner.call('POST', '/tokens', createdToken, { name: 'packs', destructive: true });
    const newToken = { CORDON_SERVER: server.admin, CORDON_TOKEN: secret, XDG_CONFIG_HOME: folder };
    const refused = await packOf(meanwhile, 'refused.zip', newToken);
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain('The public ledger is suspended after a restore');

    // 2. One approver is not enough, and neither is a key that the approver set does not name.
    const proposed = await run(
      ['recovery', 'continue-ledger', 'propose', '--reason', 'The disk of the old machine is gone.', '--json'],
      newToken,
    );
    expect([proposed.code, proposed.err]).toEqual([0, '']);
    const [proposal] = (await owner.call('GET', PATH, continuationList)).continuations;
    if (!proposal) throw new Error('there is no proposal');
    expect(JSON.parse(proposal.payload)).toMatchObject({
      fork: { size: fork },
      reported: { origin: later.origin, size: later.size },
      origin: later.origin,
    });
    const stranger = createKeyFile('a passphrase that is long').key;
    await expect(approve(asAda, stranger, proposal)).rejects.toMatchObject({ code: 'approver_unknown' });
    await expect(approve(asAda, ben.key, proposal)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await approve(asAda, ada.key, proposal)).toMatchObject({ state: 'waiting', signed: 1, needed: 2 });
    expect((await show(owner)).recovery?.ledgerSuspended).not.toBeNull();
    await bilal.stop();

    // 3. Two approvers are enough: the entries continue under another name, and the next entry is the signed document.
    expect(await approve(asBen, ben.key, proposal)).toMatchObject({ state: 'adopted', signed: 2 });
    expect((await show(owner)).recovery).toMatchObject({
      ledger: 'continued',
      ledgerSuspended: null,
      continued: { size: fork, largestReported: later.size },
    });
    const { newOrigin } = z.object({ newOrigin: z.string() }).parse(JSON.parse(proposal.payload));
    const ca = caOf(home);
    // The witness does not know the new name yet, and devices require its cosignature. Its operator adds the name.
    const cosignatures = async () =>
      (await validCosignatures(String(await ledgerAt(server.public, ca)('checkpoint')), [witness.key])).length;
    expect(await cosignatures()).toBe(0);
    await addToWitness(owner);
    await until(async () => expect(await cosignatures()).toBe(1), SLOW);
    await until(async () => {
      const grown = await copyLedger(ledgerAt(server.public, ca), early);
      expect(grown.checkpoint).toMatchObject({ origin: newOrigin });
      expect([grown.extends, grown.entries.get('ledger.continued')]).toEqual([kept.checkpoint.size, 1]);
      expect(grown.continuations.map(({ document }) => document.fork.size)).toEqual([fork]);
    }, SLOW);
    // A copy with the lost entries is never overwritten, because it proves them.
    const before = readFileSync(join(lateCopy, 'checkpoint'));
    await expect(copyLedger(ledgerAt(server.public, ca), lateCopy)).rejects.toThrow('Keep this folder');
    expect(readFileSync(join(lateCopy, 'checkpoint'))).toEqual(before);

    // 4. A server presents documents that too few approvers, or other people, have signed. The agent keeps its checkpoint.
    const [row] = await database.query(there, home, `select signatures from ledger_continuations`);
    const genuine = z
      .array(z.object({ keyid: z.string(), sig: z.string() }))
      .parse(JSON.parse(String(row?.['signatures'])));
    const signedBy = (key: Signer, keyid = key.keyid) => ({
      keyid,
      sig: signContinuationPayload(key, proposal.payload),
    });
    const codes = async (device: string) =>
      (await owner.call('GET', `/alerts?device=${device}`, alertList)).alerts.map(({ code }) => code);
    const withSignatures = async (signatures: unknown) => {
      await server.stop();
      await database.change(
        there,
        home,
        `update ledger_continuations set signatures = '${JSON.stringify(signatures)}'`,
      );
      await server.start(there);
    };
    const forgeries = {
      'one signature': genuine.slice(0, 1),
      'other keys under the names of approvers': [signedBy(stranger, ada.key.keyid), signedBy(stranger, ben.key.keyid)],
      'a key that is no approver’s': [genuine[0], signedBy(stranger)],
    };
    for (const [name, signatures] of Object.entries(forgeries)) {
      await withSignatures(signatures);
      bilal.run();
      await bilal.connected(SLOW);
      const { code, err } = await bilal.cli(['send', 'Amina', name]);
      expect(code, name).not.toBe(0);
      expect(err, name).toContain('no valid document of the approvers');
      expect(seenBy(bilal), name).toEqual(later);
      await bilal.stop();
    }
    await until(async () => expect(await codes(bilal.device)).toContain('ledger_forked'), SLOW);
    expect(await codes(bilal.device)).not.toContain('ledger_continued');

    // 5. With the genuine document, the agent follows the new name, keeps the old checkpoint as proof, and reports the change.
    await withSignatures(genuine);
    for (const agent of [amina, bilal]) {
      agent.run();
      await agent.connected(SLOW);
    }
    await send(bilal, 'Amina', 'after the continuation');
    await until(async () => expect((await amina.cli(['inbox'])).out).toContain('after the continuation'), SLOW, 500);
    expect(seenBy(bilal)).toMatchObject({ origin: newOrigin });
    expect(await validCosignatures(stored(bilal, 'ledger', held)?.note ?? '', [witness.key])).toHaveLength(1);
    const proof = stored(bilal, 'ledger-given-up', z.array(held.extend({ continuedAs: z.string() })));
    expect(proof).toMatchObject([{ continuedAs: newOrigin }]);
    expect(proof?.[0]?.note.split('\n').slice(0, 2)).toEqual([later.origin, String(later.size)]);
    await until(async () => expect(await codes(bilal.device)).toContain('ledger_continued'), SLOW);
    await send(amina, 'Bilal', 'and back');
    await until(async () => expect((await bilal.cli(['inbox'])).out).toContain('and back'), SLOW, 500);
    await until(async () => expect(await codes(amina.device)).toContain('ledger_continued'), SLOW);
    expect(await codes(amina.device)).not.toContain('ledger_forked');

    // 6. A new order is adopted, enforced and proved. Its pack spans the continuation, and an earlier pack is still valid.
    const fresh = await adopt('New order');
    await enforces(bilal, fresh);
    const verify = (pack: string, ...more: string[]) =>
      run(['verify', join(folder, pack), '--root', join(folder, 'root.json'), ...more], newToken);
    for (const [order, out] of [
      [fresh, 'after.zip'],
      [meanwhile, 'meanwhile.zip'],
    ] as const) {
      expect(await packOf(order, out, newToken)).toMatchObject({ code: 0 });
      const report = await verify(out);
      expect([report.code, report.err], report.out).toEqual([0, '']);
      expect(report.out).toContain(`continued the remaining ${fork} under the name ${newOrigin}`);
    }
    const old = await verify('before.zip');
    expect([old.code, old.err], old.out).toEqual([0, '']);
    expect(old.out).toContain(`still has the name ${later.origin} of this pack`);
    writeFileSync(join(folder, 'old-note'), proof?.[0]?.note ?? '');
    const comparison = await verify('after.zip', '--checkpoint', join(folder, 'old-note'));
    expect(comparison.out).toContain('ENTRIES LOST');
    const newer = await verify('before.zip', '--checkpoint', join(early, 'checkpoint'));
    expect(newer.out).toContain('NEWER NAME');

    // 7. A restore accepts a backup of the continued ledger.
    const second = join(folder, 'second.age');
    expect(await run(['backup', second, '--recipient', recipient], newToken)).toMatchObject({ code: 0 });
    const verified = await run(
      ['restore', second, '--identity', join(folder, 'identity'), '--ledger', early, '--verify-only'],
      { ...there, CORDON_HOME: join(folder, 'third-machine'), ...(await database.env()) },
    );
    expect([verified.code, verified.err], verified.out).toEqual([0, '']);
  }, 600_000);
});
