/** A witness in this process, with the released HTTP server and store, for tests of a ledger that submits to it. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWitness } from '../../server/witness/witness.ts';
import { createWitnessServer } from '../../server/witness/witness-server.ts';
import { WitnessStore } from '../../server/witness/witness-store.ts';
import { verifierKey } from '../../shared/ledger/sign-checkpoint.ts';
import { COSIGNATURE, type NoteVerifier } from '../../shared/ledger/signed-note.ts';
import { freePort } from './free-port.ts';
import { newSigner } from './witnessed-log.ts';

export async function openLocalWitness(name: string, logs: readonly NoteVerifier[]) {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-local-witness-'));
  const signer = newSigner(name);
  const key = verifierKey(signer, COSIGNATURE);
  const store = WitnessStore.create(join(folder, 'witness.db'), key);
  const port = await freePort();
  const log = () => undefined;
  const known = logs.map((verifier) => ({ origin: verifier.name, verifier }));
  const witness = createWitness({ signer, logs: known, store, now: Date.now, log });
  let server: Server | null = null;

  async function stop(): Promise<void> {
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    server = null;
    await closed;
  }
  return {
    name,
    key,
    url: `http://127.0.0.1:${port}/`,
    size: (origin: string) => store.tree(origin).size,
    async start(): Promise<void> {
      server = createWitnessServer({ witness, store, log }, null);
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    stop,
    async remove(): Promise<void> {
      await stop();
      store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type LocalWitness = Awaited<ReturnType<typeof openLocalWitness>>;
