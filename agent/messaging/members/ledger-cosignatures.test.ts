/** Tests of a device whose approver set names witnesses. The log, its forks and the witnesses have real keys and real proofs. */
import { describe, expect, it } from 'vitest';
import { verifierKey } from '../../../shared/ledger/sign-checkpoint.ts';
import { signCosignature } from '../../../shared/ledger/sign-cosignature.ts';
import { COSIGNATURE, splitNote } from '../../../shared/ledger/signed-note.ts';
import type { Approvers } from '../../../shared/order/documents.ts';
import {
  approverSetDocument,
  INSTALLATION,
  signedApproverSet,
  testKey,
  testPerson,
} from '../../../tests/support/signed-documents.ts';
import { createWitnessedLog, newSigner } from '../../../tests/support/witnessed-log.ts';
import { createLedgerWatch, type StoredLedger } from './ledger-watch.ts';

const [ada, ben, online] = [testPerson('ada'), testPerson('ben'), testKey()];
const witnesses = ['w1', 'w2', 'w3'].map((name) => newSigner(`witness.example.org/${name}`));
const keys = witnesses.map((witness) => verifierKey(witness, COSIGNATURE));
const log = createWitnessedLog(`cordon/${INSTALLATION}`);
const AT = Date.parse('2026-11-29T12:00:00Z');

const setWith = (policy: Approvers['witnesses']) =>
  signedApproverSet(approverSetDocument([ada, ben], online, policy && { witnesses: policy }), [ada, ben]).approverSet;

/** Checkpoint with cosignatures of the witnesses with these numbers. */
async function cosigned(size: number, by: readonly number[], fork = 0): Promise<string> {
  const note = await log.checkpoint(size, fork);
  const { text } = splitNote(note);
  return note + by.map((at) => signCosignature(text, AT, witnesses[at] ?? newSigner('unknown.example'))).join('');
}

function device(policy: Approvers['witnesses'], fork = 0) {
  let held: StoredLedger | null = null;
  const state = { policy };
  const watch = createLedgerWatch({
    installation: INSTALLATION,
    approverSet: () => setWith(state.policy),
    store: {
      ledger: () => held,
      saveLedger: (next) => {
        held = next;
      },
    },
    state: () => undefined,
    consistency: async (from, to) => ({
      from,
      proof: (await log.proof(from, to ?? 0, fork)).map((hash) => hash.toString('base64')),
      checkpoint: await log.checkpoint(to ?? 0, fork),
      key: log.key,
    }),
    continuations: async () => ({ continuations: [] }),
  });
  const show = async (note: string) => (await watch.accept({ note, key: log.key }, watch.newest())).size;
  return { show, state, size: () => watch.newest()?.size ?? null, note: () => held?.note };
}

const notCosigned = expect.objectContaining({ code: 'ledger_not_cosigned' });

describe('a device whose approver set requires 2 of 3 witnesses', () => {
  it.each<readonly [name: string, by: readonly number[], accepted: boolean]>([
    ['no cosignature', [], false],
    ['one cosignature', [0], false],
    ['two cosignatures of one witness', [0, 0], false],
    ['cosignatures of one witness and a stranger', [0, 9], false],
    ['two cosignatures', [0, 2], true],
    ['three cosignatures and one of a stranger', [0, 1, 2, 9], true],
  ])('%s: accepted %s', async (_name, by, accepted) => {
    const { show, size } = device({ threshold: 2, keys });
    expect(await show(await cosigned(5, [0, 1]))).toBe(5);
    const shown = show(await cosigned(9, by));
    if (accepted) expect(await shown).toBe(9);
    else await expect(shown).rejects.toEqual(notCosigned);
    expect(size()).toBe(accepted ? 9 : 5);
  });

  it('refuses a cosignature over another tree, and a changed time', async () => {
    const { show } = device({ threshold: 1, keys });
    const [line] = (await cosigned(8, [0])).split('\n').slice(-2);
    await expect(show(`${await log.checkpoint(9)}${line}\n`)).rejects.toEqual(notCosigned);
    const note = await cosigned(9, [0]);
    const blob = Buffer.from(note.trimEnd().split(' ').at(-1) ?? '', 'base64');
    const changed = Buffer.from(blob);
    changed[11] = (blob[11] ?? 0) ^ 1;
    const later = note.replace(blob.toString('base64'), changed.toString('base64'));
    await expect(show(later)).rejects.toEqual(notCosigned);
    expect(await show(note)).toBe(9);
  });

  it('keeps its tree under a new policy, and needs cosignatures for the next one', async () => {
    const { show, state, note } = device(undefined);
    const first = await log.checkpoint(5);
    expect(await show(first)).toBe(5);
    state.policy = { threshold: 2, keys };
    expect(await show(first)).toBe(5);
    await expect(show(await log.checkpoint(6))).rejects.toEqual(notCosigned);
    expect(note()).toBe(first);
    const next = await cosigned(6, [1, 2]);
    expect(await show(next)).toBe(6);
    expect(note()).toBe(next);
  });

  it('case 36: refuses a fork, also with cosignatures of all witnesses', async () => {
    const { show, size } = device({ threshold: 2, keys }, 1);
    expect(await show(await cosigned(5, [0, 1]))).toBe(5);
    await expect(show(await cosigned(9, [], 1))).rejects.toEqual(notCosigned);
    const colluding = await cosigned(9, [0, 1, 2], 1);
    await expect(show(colluding)).rejects.toEqual(expect.objectContaining({ code: 'ledger_forked' }));
    expect(size()).toBe(5);
  });
});
