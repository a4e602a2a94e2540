/** The shared verdict cases, run on a device. The agent's store keeps the location between two observations. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { emptyLocation, observe } from '../../shared/verdict/locate.ts';
import { loadCases, observationsOf, runCase } from '../../shared/verdict/run-case.ts';
import { openAgentStore } from '../store/agent-store.ts';

it('computes the verdict of every case on a device that restarts after each observation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-cases-'));
  const file = join(folder, 'agent.db');
  try {
    for (const given of loadCases()) {
      const id = newDeviceId();
      const store = openAgentStore({ file, synchronous: 'normal' });
      store.device(id).beginGeneration(1);
      for (const observation of observationsOf(given)) {
        const kept = store.device(id).location() ?? emptyLocation();
        store.device(id).saveLocation(observe(kept, observation));
      }
      store.close();
      const again = openAgentStore({ file, synchronous: 'normal' });
      expect(runCase(given, again.device(id).location() ?? emptyLocation()), given.name).toEqual([]);
      again.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
