/** One device with enforcement over a real store. A test controls the clocks. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type DeviceClock, type DeviceTime, openDeviceClock } from '../../agent/enforcement/device-clock.ts';
import { openEnforcement } from '../../agent/enforcement/enforcement.ts';
import type { EnforcementStore } from '../../agent/enforcement/enforcement-store.ts';
import type { DeliveredNotice } from '../../agent/enforcement/notice-plan.ts';
import { type AgentStore, openAgentStore } from '../../agent/store/agent-store.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { type DeviceRecord, type Envelope, type OrderTerms, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { keyidOf, signEnvelope, signerOf } from '../../shared/order/dsse.ts';
import { verifyReceipt } from '../../shared/order/receipt.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import {
  approverSetDocument,
  INSTALLATION,
  NOW,
  revisionDocument,
  signedApproverSet,
  signedList,
  signedRevision,
  TERMS,
  testKey,
  testPerson,
} from './signed-documents.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const EFFECTIVE = Date.parse(TERMS.effective);
export const DEVICE = deviceIdSchema.parse('dev_aaaaaaaaaaaaaaaa');
export const online = testKey();
export const [ada, ben, cyd] = [testPerson('ada'), testPerson('ben'), testPerson('cyd')];
export const approverSet = signedApproverSet(approverSetDocument([ada, ben, cyd], online), [ada, ben]);
const deviceKey = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;

/** A machine whose clocks the test sets. Its timers run when the test advances the time. */
function machine(start: number) {
  let monotonic = 10_000;
  let boot = 1;
  let timers: { due: number; task: () => void }[] = [];
  const state = { wall: start };
  const time: DeviceTime = {
    wall: () => state.wall,
    monotonic: () => monotonic,
    get boot() {
      return `boot ${boot}`;
    },
    after(ms, task) {
      const timer = { due: monotonic + ms, task };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
  };
  return {
    time,
    pass(ms: number) {
      const end = monotonic + ms;
      for (;;) {
        const next = timers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
        if (!next) break;
        timers = timers.filter((each) => each !== next);
        state.wall += next.due - monotonic;
        monotonic = next.due;
        next.task();
      }
      state.wall += end - monotonic;
      monotonic = end;
    },
    turnWall(ms: number) {
      state.wall += ms;
    },
    reboot() {
      boot += 1;
      monotonic = 5_000;
      timers = [];
    },
  };
}

export const recordOf = (changes: Partial<DeviceRecord> = {}): Envelope =>
  signEnvelope(
    PAYLOAD_TYPES.record,
    encodeCanonical({
      installation: INSTALLATION,
      device: DEVICE,
      generation: 1,
      version: 1,
      home: 'PK',
      seat: null,
      group: 'embassy',
      exemptions: [],
      statement: null,
      issuedAt: new Date(NOW).toISOString(),
      ...changes,
    }),
    [online],
  );

export const order = (changes: Partial<OrderTerms> = {}) =>
  signedRevision(revisionDocument({ terms: { ...TERMS, nexus: ['home'], ...changes } }), [ada, ben]);
export const listOf = (orders: Envelope[], changes = {}) => signedList(orders, online, changes);

/** Registers the hooks that open a new device before each test. */
export function enforcedDevice() {
  let folder: string;
  let file: AgentStore;
  let box: ReturnType<typeof machine>;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cordon-enforcement-'));
    file = openAgentStore({ file: join(folder, 'agent.db') });
    box = machine(NOW);
  });
  afterEach(() => {
    file.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function open(store: EnforcementStore = file.device(DEVICE)) {
    file.device(DEVICE).beginGeneration(1);
    const opened = openDeviceClock(box.time, store);
    const clock: DeviceClock = {
      ...opened,
      // The device's clock is correct when the server's time arrives. The device rejects a server time that contradicts its clock (ADR 30).
      authenticate(server) {
        box.turnWall(server - box.time.wall());
        return opened.authenticate(server);
      },
    };
    const delivered: DeliveredNotice[] = [];
    const enforcement = openEnforcement({
      store,
      clock,
      time: box.time,
      identity: { device: DEVICE, installation: INSTALLATION, generation: () => 1 },
      signer: () => signerOf(deviceKey),
      onChange: () => undefined,
      onListExpired: () => undefined,
      onNotice: (notice) => void delivered.push(notice),
      onFailure: (error) => {
        throw error;
      },
    });
    const shut = (service: 'messaging' | 'mail' | 'management') => !(enforcement.gates().get(service)?.open ?? false);
    return { enforcement, clock, shut, delivered };
  }

  /** An enrolled device that has received the approver set, list 1 with this order, and its device record. */
  function enrolled(terms: Partial<OrderTerms> = {}, changes = {}) {
    const opened = open();
    opened.enforcement.accept.approverSets([approverSet.envelope]);
    const first = order(terms);
    const list = listOf([first], changes);
    opened.enforcement.accept.list(list.envelope);
    opened.enforcement.accept.record(recordOf());
    opened.clock.authenticate(NOW + HOUR);
    opened.enforcement.settle();
    return { ...opened, first, list };
  }

  const reports = () =>
    file
      .device(DEVICE)
      .unconfirmed(0, 1000)
      .map(({ item }) => item);
  const alerts = () => reports().flatMap((item) => (item.type === 'alert' ? [item.code] : []));
  const receipts = (noticed = false) => {
    const key = createPublicKey(deviceKey);
    return reports().flatMap((item) => {
      if (item.type !== 'receipt') return [];
      const { kind, order: number, service, gate, notice } = verifyReceipt(item.envelope, { keyid: keyidOf(key), key });
      // Receipts without those of notices, which have tests of their own.
      if ((notice !== undefined) !== noticed) return [];
      if (notice !== undefined) return [`${kind} ${notice}`];
      return [[kind, number, service, gate].filter((each) => each !== null).join(' ')];
    });
  };

  return {
    /** The machine of the device: its clocks and timers. */
    get box() {
      return box;
    },
    get store() {
      return file.device(DEVICE);
    },
    /** Starts over with a new store and a new machine. */
    renew(name: string) {
      file.close();
      file = openAgentStore({ file: join(folder, `${name}.db`) });
      box = machine(NOW);
    },
    open,
    enrolled,
    reports,
    alerts,
    receipts,
  };
}
