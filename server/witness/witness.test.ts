import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireCosignatures, validCosignatures } from '../../shared/ledger/cosignature.ts';
import { signCheckpoint, verifierKey } from '../../shared/ledger/sign-checkpoint.ts';
import { signCosignature } from '../../shared/ledger/sign-cosignature.ts';
import { COSIGNATURE } from '../../shared/ledger/signed-note.ts';
import { formatSubmission, parseSubmission } from '../../shared/ledger/witness-protocol.ts';
import { createWitnessedLog, newSigner } from '../../tests/support/witnessed-log.ts';
import { createWitness, linesOfLogs, type Witness } from './witness.ts';
import { WitnessStore } from './witness-store.ts';

const witnessSigner = newSigner('witness.example.org/w1');
const witnessKey = verifierKey(witnessSigner, COSIGNATURE);
const log = createWitnessedLog();
const other = createWitnessedLog('cordon/ins_other');
const NOW = Date.parse('2026-11-29T12:00:00Z');

let folder: string;
let store: WitnessStore;
let witness: Witness;
const said: string[] = [];
const add = (text: string) => witness.addCheckpoint(Buffer.from(text));
const empty = signCheckpoint({ size: 0, root: Buffer.from((await log.treeOf(0)).tree.root()) }, log.signer);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-witness-'));
  store = WitnessStore.create(join(folder, 'witness.db'), witnessKey);
  const logs = [{ origin: log.origin, verifier: log.signer }];
  witness = createWitness({ signer: witnessSigner, logs, store, now: () => NOW, log: (text) => said.push(text) });
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const note9 = await log.checkpoint(9);
const proof59 = await log.proof(5, 9);
const root9 = (await log.treeOf(9)).tree.root();
const forged = signCheckpoint({ size: 9, root: root9 }, { ...newSigner(log.origin), publicKey: log.signer.publicKey });
const forgedOther = signCheckpoint({ size: 3, root: Buffer.alloc(32) }, newSigner('cordon/ins_other'));
const ofAnother = signCosignature('x\n', NOW, newSigner('another.example'));

type Case = readonly [name: string, status: number, request: string];

/** The witness has cosigned 5 entries before each case. */
const CASES: readonly Case[] = [
  ['growth with a proof', 200, formatSubmission(5, proof59, note9)],
  ['the same tree again', 200, await log.submission(5, 5)],
  ['cosignatures of others beside the log’s', 200, `${formatSubmission(5, proof59, note9)}${ofAnother}`],
  ['an origin that is not configured', 404, await other.submission(0, 3)],
  ['an unknown origin before a wrong signature', 404, formatSubmission(0, [], forgedOther)],
  ['a signature of another key with the same name and id', 403, formatSubmission(5, proof59, forged)],
  ['no signature of the log', 403, formatSubmission(5, proof59, note9.replace(/— .*\n/, ofAnother))],
  ['a changed size under an old signature', 403, formatSubmission(5, proof59, note9.replace('\n9\n', '\n10\n'))],
  ['an old size above the checkpoint’s', 400, await log.submission(9, 5)],
  ['an old size below the witness’s', 409, await log.submission(4, 9)],
  ['an old size of 0, to ask for the size', 409, await log.submission(0, 9)],
  ['an old size above the witness’s', 409, await log.submission(6, 9)],
  ['a rolled back tree', 409, await log.submission(3, 4)],
  ['a fork with a proof of its own', 422, await log.submission(5, 9, 1)],
  ['another tree of the same size', 422, await log.submission(5, 5, 1)],
  ['no proof', 422, formatSubmission(5, [], note9)],
  ['a proof with one hash too few', 422, formatSubmission(5, proof59.slice(1), note9)],
  ['a proof with one hash too many', 422, formatSubmission(5, [...proof59, Buffer.alloc(32)], note9)],
  ['a proof for an unchanged tree', 422, formatSubmission(5, [Buffer.alloc(32)], await log.checkpoint(5))],
  ['an empty request', 400, ''],
  ['no old size', 400, formatSubmission(5, proof59, note9).replace('old 5\n', '')],
  ['an old size with a leading zero', 400, formatSubmission(5, proof59, note9).replace('old 5', 'old 05')],
  ['an old size beyond 2^53', 400, formatSubmission(5, proof59, note9).replace('old 5', 'old 9007199254740993')],
  ['a hash of 31 bytes', 400, formatSubmission(5, [Buffer.alloc(31)], note9)],
  ['a hash that is not base64', 400, formatSubmission(5, proof59, note9).replace('old 5\n', 'old 5\n*\n')],
  [
    '64 hashes',
    400,
    formatSubmission(
      5,
      Array.from({ length: 64 }, () => Buffer.alloc(32)),
      note9,
    ),
  ],
  ['no checkpoint', 400, 'old 5\n\n'],
  ['a checkpoint without an end', 400, formatSubmission(5, proof59, note9).slice(0, -1)],
  ['a checkpoint with a size in words', 400, formatSubmission(5, proof59, note9.replace('\n9\n', '\nnine\n'))],
  ['carriage returns', 400, formatSubmission(5, proof59, note9).replaceAll('\n', '\r\n')],
  ['too many bytes', 400, `${formatSubmission(5, proof59, note9)}${' '.repeat(70_000)}`],
];

describe('a submitted checkpoint', () => {
  it.each(CASES)('%s: %i', async (_name, status, request) => {
    expect(await add(await log.submission(0, 5))).toMatchObject({ status: 200 });
    const answer = await add(request);
    expect(answer.status).toBe(status);
    if (answer.status === 409) expect(answer.size).toBe(5);
    if (answer.status !== 200) expect(store.tree(log.origin).size).toBe(5);
  });

  it('gets a cosignature that clients verify, also with an empty tree and extension lines', async () => {
    expect(await add(formatSubmission(0, [], empty))).toMatchObject({ status: 200 });
    const extended = signCheckpoint({ size: 0, root: Buffer.alloc(32) }, log.signer);
    expect(await add(formatSubmission(0, [], extended))).toMatchObject({ status: 422 });
    const answer = await add(await log.submission(0, 9));
    if (answer.status !== 200) throw new Error(`refused with ${answer.status}`);
    const cosigned = `${note9}${answer.body}`;
    const [cosignature] = await validCosignatures(cosigned, [witnessKey]);
    expect(cosignature).toMatchObject({ witness: witnessSigner.name, at: NOW, line: answer.body.trimEnd() });
    await expect(requireCosignatures(cosigned, { threshold: 2, keys: [witnessKey] })).rejects.toThrow(/2 of 1/);
    expect(await validCosignatures(cosigned.replace('\n9\n', '\n8\n'), [witnessKey])).toEqual([]);
    const sameKeyOtherName = verifierKey({ ...witnessSigner, name: 'another.example' }, COSIGNATURE);
    expect(await validCosignatures(cosigned, [sameKeyOtherName])).toEqual([]);
    expect(store.cosigned()).toMatchObject([{ origin: log.origin, size: 9, note: cosigned, at: NOW }]);
  });

  it('keeps a signed fork as evidence, once, and up to a bound', async () => {
    await add(await log.submission(0, 5));
    await add(await log.submission(5, 9, 1));
    await add(await log.submission(5, 9, 1));
    expect(store.refused()).toMatchObject([{ origin: log.origin, oldSize: 5, note: await log.checkpoint(9, 1) }]);
    expect(said.at(-1)).toContain('refused 9 entries');
    await add(await log.submission(5, 5, 1));
    expect(store.refused().at(-1)).toMatchObject({ oldSize: 5, note: await log.checkpoint(5, 1) });
    for (let size = 10; size < 120; size++) await add(await log.submission(5, size, 1));
    expect(store.refused()).toHaveLength(100);
  });
});

it('cosigns one of many concurrent requests for different trees from the same size, and answers 409 to the others', async () => {
  await add(await log.submission(0, 5));
  const requests = await Promise.all(Array.from({ length: 20 }, (_, at) => log.submission(5, 6 + (at % 10))));
  const answers = await Promise.all(requests.map(add));
  const cosigned = answers.filter(({ status }) => status === 200);
  expect(answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 409)).toEqual([]);
  expect(cosigned).toHaveLength(1);
  const { size } = store.tree(log.origin);
  for (const answer of answers) if (answer.status === 409) expect(answer.size).toBe(size);
});

it('refuses the store of another key, and a missing store', () => {
  const file = join(folder, 'witness.db');
  const open =
    (key: string, path = file) =>
    () =>
      WitnessStore.open(path, key);
  expect(open(verifierKey(newSigner('another.example'), COSIGNATURE))).toThrow(/belongs to another witness key/);
  expect(open(witnessKey, join(folder, 'missing.db'))).toThrow(/could cosign a fork/);
  expect(() => WitnessStore.create(file, witnessKey)).toThrow(/exists already/);
});

it('reads the list of logs, with origins that differ from the key’s name', () => {
  expect(linesOfLogs(`# comment\n\n${log.key}\n${other.key} some log of mine\n`)).toEqual([
    { line: 3, key: log.key, origin: log.origin },
    { line: 4, key: other.key, origin: 'some log of mine' },
  ]);
  expect(() => linesOfLogs(`${log.key}\n${log.key}\n`)).toThrow(/Line 2 names the origin/);
});

describe('the parser of requests', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });

  it('reads back each request that the client writes', async () => {
    const note = await log.checkpoint(7);
    fc.assert(
      fc.property(fc.nat(), fc.array(hash, { maxLength: 63 }), (oldSize, proof) => {
        const parsed = parseSubmission(Buffer.from(formatSubmission(oldSize, proof, note)));
        expect(parsed).toMatchObject({ oldSize, note, checkpoint: { origin: log.origin, size: 7 } });
        expect(parsed.proof.map((each) => each.toHex())).toEqual(proof.map((each) => each.toHex()));
      }),
    );
  });

  it('answers 400, 403, 404, 409 or 422 to any bytes, and never throws', async () => {
    const valid = Buffer.from(await log.submission(0, 5));
    const changed = fc
      .tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length))
      .map(([at, byte, cut]) =>
        Buffer.concat([valid.subarray(0, at), Buffer.of(byte), valid.subarray(at + 1)]).subarray(0, cut),
      );
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), changed), async (bytes) => {
        const { status } = await witness.addCheckpoint(bytes);
        if (!Buffer.from(bytes).equals(valid)) expect([400, 403, 404, 409, 422]).toContain(status);
      }),
      { numRuns: 500 },
    );
    expect(store.tree(log.origin).size).toBe(0);
  });
});
