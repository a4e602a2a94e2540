/** The witness as another organization runs it: a process of its own, with clients that know nothing of Cordon. Covers cases 36 and 37. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openAuthority } from '../../certs/authority.ts';
import { pemOf } from '../../certs/key-folder.ts';
import { validCosignatures } from '../../shared/ledger/cosignature.ts';
import { signCheckpoint } from '../../shared/ledger/sign-checkpoint.ts';
import { PASSPHRASE, prepareKeyFolder } from '../support/custody.ts';
import { freePort } from '../support/free-port.ts';
import { PROJECT } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';
import { createWitnessProcess, type WitnessProcess } from '../support/witness-process.ts';
import { buildGoWitness, goWitnesses } from '../support/witness-tools.ts';
import { createWitnessedLog, newSigner } from '../support/witnessed-log.ts';

const log = createWitnessedLog();
const folder = mkdtempSync(join(tmpdir(), 'cordon-witness-e2e-'));
const witnesses: WitnessProcess[] = [];

async function opened(...args: Parameters<typeof createWitnessProcess>): Promise<WitnessProcess> {
  const witness = await createWitnessProcess(...args);
  witnesses.push(witness);
  witness.addLog(log.key);
  await witness.start();
  return witness;
}

async function post(url: string, body: string | Buffer, method = 'POST') {
  const response = await fetch(url, { method, ...(method === 'GET' ? {} : { body }) });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}
const add = (witness: WitnessProcess, body: string) => post(`${witness.url}/add-checkpoint`, body);
const startBeside = (home: string, listen: string) =>
  spawn(process.execPath, [join(PROJECT, 'server/cordon-witness.js'), '--home', home, 'run', '--listen', listen]);
const sizeOf = async (witness: WitnessProcess) => {
  const { code, out, err } = await witness.cli(['show', '--json']);
  if (code !== 0) throw new Error(err);
  return JSON.parse(out).logs[0];
};

afterEach(async () => {
  for (const witness of witnesses.splice(0)) await witness.remove();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!goWitnesses.present)('clients of other makers', () => {
  let client: string;
  beforeAll(() => {
    client = buildGoWitness(folder, 'client');
  });

  it('case 36: sigsum’s client gets cosignatures that Go’s note package verifies, and none for a fork', async () => {
    const witness = await opened();
    const step = async (older: number, size: number, fork = 0) => ({
      OldSize: older,
      Proof: (await log.proof(older, size, fork)).map((hash) => hash.toString('base64')),
      Note: await log.checkpoint(size, fork),
    });
    const impostor = { ...newSigner(log.origin), publicKey: log.signer.publicKey };
    const steps = [
      await step(0, 3),
      await step(0, 300),
      await step(3, 300),
      await step(300, 300),
      await step(300, 301, 1),
      await step(3, 4),
      { ...(await step(300, 302)), Note: signCheckpoint({ size: 302, root: Buffer.alloc(32) }, impostor) },
      { ...(await step(0, 3)), Note: await createWitnessedLog('cordon/ins_other').checkpoint(3) },
      await step(300, 70_000),
    ];
    const input = JSON.stringify({ URL: witness.url, LogKey: log.key, WitnessKey: witness.key, Steps: steps });
    expect(await runProgram(client, [], { input })).toEqual({
      code: 0,
      err: '',
      out: [
        'cosigned 3',
        'conflict 3',
        'cosigned 300',
        'cosigned 300',
        'refused 422',
        'conflict 300',
        'refused 403',
        'refused 404',
        'cosigned 70000',
        '',
      ].join('\n'),
    });
    const { refused } = await sizeOf(witness);
    expect(refused).toMatchObject([{ oldSize: 300, note: await log.checkpoint(301, 1) }]);
  });
});

it('serves the cosigned checkpoint of each log to monitors, and answers other requests with a status', async () => {
  const witness = await opened();
  const { path } = await sizeOf(witness);
  expect(await post(`${witness.url}/${path}`, '', 'GET')).toMatchObject({ status: 404 });
  const { status, body } = await add(witness, await log.submission(0, 5));
  expect(status).toBe(200);
  const served = await post(`${witness.url}/${path}`, '', 'GET');
  expect(served).toEqual({
    status: 200,
    type: 'text/plain; charset=utf-8',
    body: `${await log.checkpoint(5)}${body}`,
  });
  expect(await validCosignatures(served.body, [witness.key])).toHaveLength(1);
  const conflict = await add(witness, await log.submission(0, 9));
  expect(conflict).toEqual({ status: 409, type: 'text/x.tlog.size', body: '5\n' });
  expect(await post(`${witness.url}/add-checkpoint`, '', 'GET')).toMatchObject({ status: 405 });
  expect(await post(`${witness.url}/other`, '')).toMatchObject({ status: 404 });
  expect(await add(witness, 'old 0\n'.repeat(20_000))).toMatchObject({ status: 400 });
});

it('keeps its state when it is killed between the commit and the response, and cosigns no second tree of a size', async () => {
  const witness = await opened({ mortal: true });
  for (let size = 1; size <= 5; size++) {
    const request = await log.submission(size - 1, size);
    witness.process.kill('SIGUSR2');
    await expect(add(witness, request)).rejects.toThrow('fetch failed');
    await witness.start();
    // The tree was stored, although the client never received the cosignature.
    expect(await add(witness, request)).toMatchObject({ status: 409, body: `${size}\n` });
    expect(await add(witness, await log.submission(size, size + 1, 1))).toMatchObject({ status: 422 });
    expect(await add(witness, await log.submission(size, size, 1))).toMatchObject({ status: 422 });
    expect(await add(witness, await log.submission(size, size))).toMatchObject({ status: 200 });
  }
});

it('loses no tree that it cosigned when it is killed at any time under load', async () => {
  const witness = await opened();
  let cosigned = 0;
  for (let round = 0; round < 5; round++) {
    const killed = new Promise<void>((resolve) => setTimeout(() => void witness.kill().then(resolve), 20 + 40 * round));
    try {
      for (;;) {
        const { status, body } = await add(witness, await log.submission(cosigned, cosigned + 1));
        if (status === 200) cosigned += 1;
        else if (status === 409) cosigned = Number(body);
        else throw new Error(`${status}: ${body}`);
      }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await killed;
    await witness.start();
    expect((await sizeOf(witness)).size).toBeGreaterThanOrEqual(cosigned);
  }
  expect(cosigned).toBeGreaterThan(0);
});

it('cosigns one tree of each size, also when two processes have the same store', async () => {
  const witness = await opened();
  const address = `127.0.0.1:${await freePort()}`;
  const other = startBeside(witness.home, address);
  try {
    await expect.poll(() => post(`http://${address}/other`, '').catch(() => null)).toMatchObject({ status: 404 });
    let size = 0;
    for (let round = 0; round < 10; round++) {
      const requests = [await log.submission(size, size + 1), await log.submission(size, size + 2)];
      const answers = await Promise.all(
        [witness.url, `http://${address}`].flatMap((url) =>
          requests.map((each) => post(`${url}/add-checkpoint`, each)),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
      const conflicts = new Set(answers.flatMap(({ status, body }) => (status === 409 ? [Number(body)] : [])));
      expect(conflicts.size).toBe(1);
      [size = 0] = conflicts;
    }
  } finally {
    other.kill('SIGKILL');
  }
});

it('speaks TLS with given files', async () => {
  prepareKeyFolder(join(folder, 'keys'));
  const names = ['localhost', '127.0.0.1'];
  const given = {
    folder: join(folder, 'keys'),
    passphrase: PASSPHRASE,
    organization: 'W',
    serverNames: names,
    crlUrl: null,
  };
  const authority = openAuthority(given);
  const { keyPem, chainPem } = authority.serverIdentity();
  writeFileSync(join(folder, 'tls.crt'), chainPem);
  writeFileSync(join(folder, 'tls.key'), keyPem, { mode: 0o600 });
  const witness = await opened({ flags: ['--certificate', join(folder, 'tls.crt'), '--key', join(folder, 'tls.key')] });
  const submission = await log.submission(0, 5);
  const answered = await new Promise<number | undefined>((resolve, reject) => {
    const asked = request(
      `${witness.url}/add-checkpoint`,
      { method: 'POST', ca: pemOf(authority.rootDer) },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    asked.on('error', reject);
    asked.end(submission);
  });
  expect(answered).toBe(200);
  chmodSync(join(folder, 'tls.key'), 0o644);
  await witness.stop();
  await expect(witness.start()).rejects.toThrow('chmod 600');
});

it('refuses to run without its store, with another store, or with a readable key', async () => {
  const witness = await opened();
  await witness.stop();
  const run = () => witness.cli(['run', '--listen', '127.0.0.1:0']);
  expect(await witness.cli(['init', '--name', 'other.example'])).toMatchObject({ code: 6 });
  chmodSync(join(witness.home, 'witness-key.pem'), 0o644);
  expect(await run()).toMatchObject({ code: 2, err: expect.stringContaining('chmod 600') });
  chmodSync(join(witness.home, 'witness-key.pem'), 0o600);
  writeFileSync(join(witness.home, 'witness-name'), 'other.example\n');
  expect(await run()).toMatchObject({ err: expect.stringContaining('belongs to another witness key') });
  rmSync(join(witness.home, 'witness.db'));
  expect(await run()).toMatchObject({ err: expect.stringContaining('could cosign a fork') });
  writeFileSync(join(witness.home, 'logs'), 'not a key\n');
  expect(await run()).toMatchObject({ code: 2, err: expect.stringContaining('line 1') });
});
