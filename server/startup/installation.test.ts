import { describe, expect, it } from 'vitest';
import type { InstallationBinding } from '../../certs/installation-file.ts';
import type { KeyFolderContents } from '../../certs/key-folder-contents.ts';
import { isCordonError } from '../../shared/errors.ts';
import type { StoreIdentity } from '../store/identity-store.ts';
import { judgeInstallation, requireSameKeys } from './installation.ts';

const A: InstallationBinding = {
  version: 1,
  installation: 'ins_a',
  root: 'root-a',
  issuing: 'ca-a',
  ledgerKey: 'log-a',
};
const B: InstallationBinding = {
  version: 1,
  installation: 'ins_b',
  root: 'root-b',
  issuing: 'ca-b',
  ledgerKey: 'log-b',
};
const places = { keys: '/data/keys', store: '/data/cordon.db' };

const keysOf = (
  of: InstallationBinding,
  binding: InstallationBinding | null = of,
  founded = true,
): KeyFolderContents => ({
  state: 'complete',
  founded,
  root: of.root,
  issuing: of.issuing,
  binding,
});
const storeOf = (of: InstallationBinding, binding: InstallationBinding | null = of): StoreIdentity => ({
  installation: of.installation,
  binding,
  roots: [of.root],
  issuing: [of.issuing],
  checkpoint: null,
});
const noKeys: KeyFolderContents = { state: 'empty' };
const cutOff: KeyFolderContents = { state: 'founding', missing: ['ledger.key'] };
const half: KeyFolderContents = { state: 'partial', missing: ['issuing.key', 'ledger.key'] };
const neverUsed: StoreIdentity = { installation: 'ins_x', binding: null, roots: [], issuing: [], checkpoint: null };

describe('key folder and store belong together', () => {
  it.each<[string, KeyFolderContents, StoreIdentity | null, string]>([
    ['nothing on either side', noKeys, null, 'found'],
    ['no keys, tables without rows', noKeys, { ...neverUsed, installation: null }, 'found'],
    ['no keys, an id but no CA on record', noKeys, neverUsed, 'found'],
    ['a first start stopped while it made keys', cutOff, null, 'found'],
    ['a first start stopped after the keys', keysOf(A, null, false), null, 'found'],
    ['a first start stopped after it bound the store', keysOf(A, null, false), storeOf(A), 'found'],
    ['both sides bound', keysOf(A), storeOf(A), 'open'],
    ['both sides from before bindings existed', keysOf(A, null), storeOf(A, null), 'bind'],
    ['a store backup from before bindings existed', keysOf(A), storeOf(A, null), 'bind'],
    ['a key backup from before bindings existed', keysOf(A, null), storeOf(A), 'bind'],
    ['a store that has seen a CA change', keysOf(A, null), { ...storeOf(A, null), roots: ['old', 'root-a'] }, 'bind'],
    ['keys, no database', keysOf(A), null, 'store_empty'],
    ['keys from before bindings existed, no database', keysOf(A, null), null, 'store_empty'],
    ['keys, a database that no server has used', keysOf(A), neverUsed, 'store_empty'],
    ['a store, no keys', noKeys, storeOf(A), 'keys_missing'],
    ['a store from before bindings existed, no keys', noKeys, storeOf(A, null), 'keys_missing'],
    ['a store, keys of a first start that was cut off', cutOff, storeOf(A), 'keys_missing'],
    ['half a key folder and its store', half, storeOf(A), 'keys_partial'],
    ['half a key folder and no store', half, null, 'keys_partial'],
    ['keys of A, store of B', keysOf(A), storeOf(B), 'other_installation'],
    ['keys of A unbound, store of B', keysOf(A, null), storeOf(B), 'other_installation'],
    ['keys of A, store of B unbound', keysOf(A), storeOf(B, null), 'other_installation'],
    ['both unbound, of A and B', keysOf(A, null), storeOf(B, null), 'other_installation'],
    ['an unfinished first start, store of B', keysOf(A, null, false), storeOf(B), 'other_installation'],
    ['binding of A beside certificates of B', keysOf(B, A), storeOf(A), 'other_installation'],
    ['equal CA, another ledger key', keysOf(A, { ...A, ledgerKey: 'log-b' }), storeOf(A), 'other_installation'],
    [
      'equal keys, another installation id',
      keysOf(A, { ...A, installation: 'ins_b' }),
      storeOf(A),
      'other_installation',
    ],
    [
      'an issuing CA that the store does not know',
      keysOf(A, null),
      { ...storeOf(A, null), issuing: ['x'] },
      'other_installation',
    ],
  ])('%s: %s', (_name, keys, store, expected) => {
    let verdict: unknown;
    try {
      verdict = judgeInstallation(keys, store, places);
    } catch (error) {
      if (!isCordonError(error, 'installation_mismatch')) throw error;
      expect(error.message).toContain('/data/keys');
      expect(error.message).toMatch(/Nothing was changed\./);
      expect(error.message).toMatch(/`cordon restore`/);
      verdict = error.context['reason'];
    }
    expect(verdict).toBe(expected);
  });

  it('names the missing files and both installations', () => {
    expect(() => judgeInstallation(half, storeOf(A), places)).toThrow('issuing.key, ledger.key missing');
    expect(() => judgeInstallation(keysOf(B), storeOf(A), places)).toThrow(
      /database \/data\/cordon\.db belongs to ins_a, and the key folder \/data\/keys holds keys of ins_b/,
    );
  });

  it('names the different key after decryption with the passphrase', () => {
    expect(() => requireSameKeys(A, A, places)).not.toThrow();
    expect(() => requireSameKeys({ ...A, ledgerKey: 'log-b' }, A, places)).toThrow('another ledger key than');
    expect(() => requireSameKeys(B, A, places)).toThrow('another root CA and issuing CA and ledger key than');
  });
});
