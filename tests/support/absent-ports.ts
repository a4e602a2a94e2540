/** Ports of modules that the API in `api-server.ts` does not have. Their requests reject with `unavailable`. */
import type { RecoveryPort } from '../../server/api/recovery.ts';
import type { Installation } from '../../shared/api/installation.ts';
import { CordonError } from '../../shared/errors.ts';

const absent = async (): Promise<never> => {
  throw new CordonError('unavailable', 'not part of this test');
};

/** Facts about an invented installation. Tests of a whole server check the real facts. */
export const INSTALLED: Installation = {
  installation: 'test',
  organization: 'Example',
  version: '0.0.0',
  deviceUrl: 'wss://cordon.example:8443',
  publicUrl: 'https://cordon.example:8444',
  appeal: 'legal@example.org',
  store: 'sqlite',
  mail: false,
  backupRecipient: null,
  largeShare: 10,
  demo: false,
  publicRoot: null,
  certificates: [],
};

export const ABSENT_PORTS = {
  jurisdiction: { evidence: absent, locations: async () => new Map() },
  ipDatabases: {
    list: absent,
    uses: absent,
    import: absent,
    activate: absent,
    rollBack: absent,
    current: () => ({ hash: '', name: '', builtAt: 0, use: 0 }),
  },
  compareIpDatabase: absent,
  relocating: () => null,
  packs: { make: absent, made: absent, names: absent },
  witnesses: { status: () => [], obstacle: () => null, policy: () => null },
  state: { ready: async () => true, health: absent, installation: () => INSTALLED },
};

/** Metrics of a server process that has only held posts and mail. */
export const PROCESS_FIGURES = {
  connections: 0,
  list: null,
  activeOrders: 0,
  ledgerFailing: false,
  markFailing: false,
  unreadableCertificates: 0,
  ledgerWithheld: false,
  witnesses: [],
  clockInDoubt: false,
  diskFull: false,
  mailboxes: { posts: 5, entries: 4, bytes: 300, held: 1 },
  mail: { accepted: 7, entries: 6, bytes: 500, held: 2 },
};

export const NO_ENROLLMENT = { createCode: absent, listCodes: absent, getCode: absent, cancelCode: absent };

/** Recovery of a server that was not restored. */
export const NOT_RESTORED: RecoveryPort = {
  status: async () => ({ state: null, lost: [] }),
  ledgerSuspended: () => null,
  ledgerEvidence: absent,
  readmit: absent,
  reject: absent,
  resumeLedger: absent,
  close: absent,
  continuations: async () => [],
  proposeContinuation: absent,
  signContinuation: absent,
};
