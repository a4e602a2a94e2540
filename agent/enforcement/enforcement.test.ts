import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsePlace } from '../../shared/areas/area-code.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import {
  type DeviceRecord,
  type Envelope,
  type OrderTerms,
  PAYLOAD_TYPES,
  type Revision,
} from '../../shared/order/documents.ts';
import { keyidOf, signEnvelope, signerOf } from '../../shared/order/dsse.ts';
import { commitmentOf, newSalt } from '../../shared/order/exemption.ts';
import { verifyReceipt } from '../../shared/order/receipt.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import {
  INSTALLATION,
  NOW,
  revisionDocument,
  rootDocument,
  signedList,
  signedRevision,
  signedRoot,
  TERMS,
  testKey,
  testPerson,
} from '../../tests/support/signed-documents.ts';
import { observationsOf } from '../evidence/sensors.ts';
import { type AgentStore, openAgentStore } from '../store/agent-store.ts';
import { type DeviceClock, type DeviceTime, openDeviceClock } from './device-clock.ts';
import { openEnforcement } from './enforcement.ts';
import type { EnforcementStore } from './enforcement-store.ts';
import type { GivenNotice } from './notice-plan.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const EFFECTIVE = Date.parse(TERMS.effective);
const DEVICE = deviceIdSchema.parse('dev_aaaaaaaaaaaaaaaa');
const online = testKey();
const [ada, ben, cyd] = [testPerson('ada'), testPerson('ben'), testPerson('cyd')];
const root = signedRoot(rootDocument([ada, ben, cyd], online), [ada, ben]);
const deviceKey = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;

/** A machine whose clocks the test turns, and whose timers run when time passes. */
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
    // The device's own clock is right when the server's time arrives. The device holds a time that its own clock contradicts (ADR 30).
    authenticate(server) {
      box.turnWall(server - box.time.wall());
      return opened.authenticate(server);
    },
  };
  const told: GivenNotice[] = [];
  const enforcement = openEnforcement({
    store,
    clock,
    time: box.time,
    identity: { device: DEVICE, installation: INSTALLATION, generation: () => 1 },
    signer: () => signerOf(deviceKey),
    onChange: () => undefined,
    onListExpired: () => undefined,
    onNotice: (notice) => void told.push(notice),
    onFailure: (error) => {
      throw error;
    },
  });
  const shut = (service: 'messaging' | 'mail' | 'management') => !(enforcement.gates().get(service)?.open ?? false);
  return { enforcement, clock, shut, told };
}

const recordOf = (changes: Partial<DeviceRecord> = {}): Envelope =>
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

const order = (changes: Partial<OrderTerms> = {}) =>
  signedRevision(revisionDocument({ terms: { ...TERMS, nexus: ['home'], ...changes } }), [ada, ben]);
const listOf = (orders: Envelope[], changes = {}) => signedList(orders, online, changes);

/** A device that has enrolled: root, list 1 with this order, record. */
function enrolled(terms: Partial<OrderTerms> = {}, changes = {}) {
  const opened = open();
  opened.enforcement.acceptRoots([root.envelope]);
  const first = order(terms);
  const list = listOf([first], changes);
  opened.enforcement.acceptList(list.envelope);
  opened.enforcement.acceptRecord(recordOf());
  opened.clock.authenticate(NOW + HOUR);
  opened.enforcement.settle();
  return { ...opened, first, list };
}

const reports = () =>
  file
    .device(DEVICE)
    .unconfirmed(0, 1000)
    .map(({ item }) => item);
const alarms = () => reports().flatMap((item) => (item.type === 'alarm' ? [item.code] : []));
const receipts = (noticed = false) => {
  const key = createPublicKey(deviceKey);
  return reports().flatMap((item) => {
    if (item.type !== 'receipt') return [];
    const { kind, order: number, service, gate, notice } = verifyReceipt(item.envelope, { keyid: keyidOf(key), key });
    // What the plan of notices says has tests of its own.
    if ((notice !== undefined) !== noticed) return [];
    if (notice !== undefined) return [`${kind} ${notice}`];
    return [[kind, number, service, gate].filter((each) => each !== null).join(' ')];
  });
};

describe('enforcement', () => {
  it('delivers nothing before list and record are stored, and does not close the link', () => {
    const { enforcement, shut } = open();
    enforcement.settle();
    expect([shut('messaging'), shut('mail'), shut('management')]).toEqual([true, true, false]);
    enforcement.acceptRoots([root.envelope]);
    enforcement.acceptList(listOf([]).envelope);
    expect(shut('messaging')).toBe(true);
    enforcement.acceptRecord(recordOf());
    expect([shut('messaging'), shut('mail')]).toEqual([false, false]);
    expect(receipts()).toEqual([]);
  });

  it('shuts and reopens by itself at the order’s times, offline, and says so in signed receipts', () => {
    const { shut } = enrolled({ until: new Date(EFFECTIVE + 5 * DAY).toISOString() });
    expect(shut('mail')).toBe(false);
    box.pass(EFFECTIVE - NOW - HOUR - 1);
    expect(shut('mail')).toBe(false);
    box.pass(1);
    expect([shut('mail'), shut('messaging'), shut('management')]).toEqual([true, true, false]);
    box.pass(5 * DAY);
    expect(shut('mail')).toBe(false);
    expect(receipts()).toEqual([
      'informed 2015-001',
      'enforced 2015-001 messaging closed',
      'enforced 2015-001 mail closed',
      'restored 2015-001 messaging open',
      'restored 2015-001 mail open',
    ]);
  });

  it('shows an order once a revision', () => {
    const { enforcement } = enrolled();
    enforcement.shown([{ order: '2015-001', revision: 1 }]);
    enforcement.shown([{ order: '2015-001', revision: 1 }]);
    expect(receipts()).toEqual(['informed 2015-001', 'shown 2015-001']);
  });

  it('tells people of an order at the moments of its plan, each once, over restarts, with a receipt for each', () => {
    const first = enrolled();
    box.pass(EFFECTIVE - 7 * DAY - NOW - HOUR);
    expect(receipts(true)).toEqual(['informed P30D', 'informed P7D']);
    expect(first.told.map(({ moment }) => moment)).toEqual(['P30D', 'P7D']);
    first.enforcement.shown([{ order: '2015-001', revision: 1 }]);
    first.enforcement.shown([{ order: '2015-001', revision: 1 }]);
    expect(receipts(true).slice(2)).toEqual(['shown P30D', 'shown P7D']);
    first.enforcement.stop();
    const again = open();
    again.enforcement.settle();
    expect([again.told, again.enforcement.unshown()]).toEqual([[], []]);
    box.pass(7 * DAY);
    expect(receipts(true).slice(4)).toEqual(['informed P1D', 'informed PT1H', 'informed entry']);
    expect(again.enforcement.unshown().map(({ moment }) => moment)).toEqual(['entry']);
    const last = open();
    expect(last.enforcement.unshown().map(({ moment }) => moment)).toEqual(['entry']);
  });

  it('tells of the latest alone when it was off, of another date anew, and of a withdrawal', () => {
    const { enforcement, clock, first, list } = enrolled();
    clock.authenticate(EFFECTIVE - 2 * HOUR);
    enforcement.settle();
    expect(receipts(true)).toEqual(['informed P1D']);
    const moved = { ...TERMS, nexus: ['home' as const], effective: new Date(EFFECTIVE + 30 * DAY).toISOString() };
    const extended = revisionDocument({ revision: 2, previous: first.digest, act: 'extend', terms: moved });
    const second = signedRevision({ ...extended, proposedAt: new Date(EFFECTIVE - HOUR).toISOString() }, [ada, ben]);
    const next = listOf([second], {
      version: 2,
      previous: list.hash,
      expiresAt: new Date(EFFECTIVE + 90 * DAY).toISOString(),
    });
    enforcement.acceptList(next.envelope);
    clock.authenticate(EFFECTIVE + 29 * DAY);
    enforcement.settle();
    expect(receipts(true)).toEqual(['informed P1D', 'informed P1D']);
    const end = { revision: 3, previous: second.digest, act: 'withdraw' as const, status: 'withdrawn' as const };
    const third = listOf([signedRevision(revisionDocument({ ...end, terms: moved }), [ada, ben])], {
      ...{ version: 3, previous: next.hash, expiresAt: new Date(EFFECTIVE + 90 * DAY).toISOString() },
    });
    enforcement.acceptList(third.envelope);
    expect(receipts(true).at(-1)).toBe('informed withdrawal');
    box.pass(10 * DAY);
    expect(receipts(true)).toHaveLength(3);
  });

  it('tells of a withdrawal whom the order denied something, long before and over a restart, and nobody else', () => {
    const plan = { nexus: ['home' as const], noticePlan: ['withdrawal' as const] };
    /** At a device whose home is this while the order is in force, and elsewhere when it is withdrawn. */
    const toldOf = (home: string) => {
      file.close();
      file = openAgentStore({ file: join(folder, `${home}.db`) });
      box = machine(NOW);
      const lasting = { expiresAt: new Date(EFFECTIVE + 90 * DAY).toISOString() };
      const { enforcement, clock, shut, first, list } = enrolled(plan, lasting);
      enforcement.acceptRecord(recordOf({ version: 2, home }));
      clock.authenticate(EFFECTIVE + HOUR);
      enforcement.settle();
      const denied = shut('mail');
      enforcement.acceptRecord(recordOf({ version: 3, home: 'GB' }));
      expect(shut('mail')).toBe(false);
      enforcement.stop();
      const end = { revision: 2, previous: first.digest, act: 'withdraw' as const, status: 'withdrawn' as const };
      const over = signedRevision(revisionDocument({ ...end, terms: { ...TERMS, ...plan } }), [ada, ben]);
      const again = open();
      again.enforcement.acceptList(listOf([over], { version: 2, previous: list.hash, ...lasting }).envelope);
      again.enforcement.stop();
      return { denied, told: receipts(true) };
    };
    expect(toldOf('PK')).toEqual({ denied: true, told: ['informed withdrawal'] });
    expect(toldOf('IN')).toEqual({ denied: false, told: [] });
  });

  it('tells nobody of an order that would deny nothing here, until it would', () => {
    const { enforcement, clock } = enrolled({ nexus: ['network'] });
    clock.authenticate(EFFECTIVE - 6 * DAY);
    enforcement.settle();
    expect(receipts(true)).toEqual([]);
    enforcement.observe(observationsOf({ position: null, network: '410' }, clock.now()));
    expect(receipts(true)).toEqual(['informed P7D']);
  });

  it('opens a commitment that the approvers signed, and no other', () => {
    const salt = newSalt();
    const exempt = [{ commitment: commitmentOf(salt, DEVICE), until: null }];
    const { enforcement, clock, shut } = open();
    enforcement.acceptRoots([root.envelope]);
    const document = revisionDocument({ terms: { ...TERMS, nexus: ['home'] }, exempt });
    enforcement.acceptList(listOf([signedRevision(document, [ada, ben])]).envelope);
    enforcement.acceptRecord(recordOf({ exemptions: [{ order: '2015-001', salt: newSalt() }] }));
    clock.authenticate(EFFECTIVE);
    enforcement.settle();
    expect(shut('mail')).toBe(true);
    enforcement.acceptRecord(recordOf({ version: 2, exemptions: [{ order: '2015-001', salt }] }));
    expect(shut('mail')).toBe(false);
  });

  it('turns a position into areas and reports nothing else of it', () => {
    const { enforcement, clock, shut } = enrolled({ nexus: ['present'] });
    clock.authenticate(EFFECTIVE);
    const lahore = { latitude: 31.5497, longitude: 74.3436, accuracy: 50 };
    enforcement.observe(observationsOf({ position: lahore, network: '410' }, clock.now()));
    expect(shut('messaging')).toBe(true);
    const told = JSON.stringify(reports().filter(({ type }) => type === 'evidence'));
    expect(told).toContain('"areas":["PK-PB"]');
    expect(told).toContain('"areas":["PK"]');
    expect(told).not.toContain('31.5');
  });

  it('knows by the order alone whether it is in a polygon, and says no more of it than that', () => {
    const rings = [[74_200_000, 31_400_000, 74_450_000, 31_400_000, 74_450_000, 31_650_000, 74_200_000, 31_650_000]];
    const polygons = { 'XZ-lahore': { version: 3, title: 'Lahore', rings, touches: ['PK'] } };
    const { enforcement, clock, shut } = enrolled({
      ...{ areas: ['XZ-lahore'], polygons, nexus: ['present'], contested: 'deny' },
    });
    const sense = (latitude: number, longitude: number) => {
      clock.authenticate(clock.now() + HOUR);
      const position = { latitude, longitude, accuracy: 50 };
      enforcement.observe(observationsOf({ position, network: null }, clock.now(), enforcement.polygons()));
    };
    clock.authenticate(EFFECTIVE);
    expect(enforcement.polygons().map(({ code }) => code)).toEqual(['XZ-lahore@3']);
    enforcement.observe(observationsOf({ position: null, network: '410' }, clock.now()));
    expect([shut('messaging'), enforcement.verdict?.services.messaging.reasons]).toEqual([true, ['contested']]);
    sense(31.42, 73.09);
    expect(shut('messaging')).toBe(false);
    sense(31.5497, 74.3436);
    expect([shut('messaging'), enforcement.verdict?.services.messaging.reasons]).toEqual([true, ['present']]);
    const told = JSON.stringify(reports().filter(({ type }) => type === 'evidence'));
    expect(told).toContain('"areas":["PK-PB!XZ-lahore@3"]');
    expect(told).toContain('"areas":["PK-PB+XZ-lahore@3"]');
    expect(told).not.toContain('31.5');
  });

  it('leaves out of its positions the polygons of orders that have ended, so that those of others have room', () => {
    const ring = (west: number) => [
      west,
      31_400_000,
      west + 250_000,
      31_400_000,
      west + 250_000,
      31_650_000,
      west,
      31_650_000,
    ];
    const drawn = (number: string, code: string, west: number, until: number | null) => {
      const polygons = { [code]: { version: 1, title: code, rings: [ring(west)], touches: ['PK'] } };
      const ends = until === null ? null : new Date(until).toISOString();
      const terms = { ...TERMS, areas: [code], polygons, nexus: ['present' as const], until: ends };
      return signedRevision(revisionDocument({ order: number, terms }), [ada, ben]);
    };
    const over = Array.from({ length: 16 }, (_, index) =>
      drawn(`2015-1${index + 10}`, `XZ-a${index}`, 60_000_000 + index * 500_000, EFFECTIVE + HOUR),
    );
    const { enforcement, clock } = open();
    enforcement.acceptRoots([root.envelope]);
    enforcement.acceptList(listOf([drawn('2015-001', 'XZ-lahore', 74_200_000, null), ...over]).envelope);
    enforcement.acceptRecord(recordOf());
    const reasons = () => {
      const position = { latitude: 31.5497, longitude: 74.3436, accuracy: 50 };
      enforcement.observe(observationsOf({ position, network: null }, clock.now(), enforcement.polygons()));
      return enforcement.verdict?.services.messaging.reasons;
    };
    clock.authenticate(EFFECTIVE + HOUR - 1);
    expect([enforcement.polygons().length, reasons()]).toEqual([17, ['contested']]);
    clock.authenticate(EFFECTIVE + HOUR);
    expect(enforcement.polygons().map(({ code }) => code)).toEqual(['XZ-lahore@1']);
    expect(reasons()).toEqual(['present']);
  });

  describe('an exit', () => {
    const leaving = { mode: 'exit', exportWindow: 'P30D' } as const;
    const OVER = EFFECTIVE + 30 * DAY;
    const first = order(leaving);
    const exitOf = (changes: Partial<Revision> = {}, signers = [ada, ben]) =>
      signedRevision(
        revisionDocument({
          ...{ revision: 2, previous: first.digest, act: 'exit', proposedAt: new Date(OVER).toISOString() },
          terms: { ...TERMS, nexus: ['home'], ...leaving },
          ...changes,
        }),
        signers,
      );
    const listAt = (at: number, version: number, orders: Envelope[]) =>
      listOf(orders, {
        ...{ version, issuedAt: new Date(at).toISOString(), expiresAt: new Date(at + 7 * DAY).toISOString() },
      }).envelope;
    /** Denied at the order's time, and told of its exit when the window is over. */
    function afterTheWindow(exit: Envelope, record = recordOf()) {
      const made = open();
      made.enforcement.acceptRoots([root.envelope]);
      made.enforcement.acceptRecord(record);
      made.enforcement.acceptList(listAt(NOW, 1, [first]));
      box.pass(OVER - NOW);
      made.clock.authenticate(OVER);
      made.enforcement.acceptList(listAt(OVER, 3, [exit]));
      return made;
    }

    it('is due once the window is over, is said once it is done, and over a restart until then', () => {
      const { enforcement } = afterTheWindow(exitOf());
      expect(enforcement.dueExit()).toEqual({ order: '2015-001', revision: 2 });
      const again = open().enforcement;
      again.settle();
      again.exited({ order: '2015-001', revision: 2 });
      again.settle();
      expect(again.dueExit()).toBeNull();
      expect(again.exits()).toEqual([{ order: '2015-001', revision: 2, at: OVER }]);
      expect(receipts().filter((each) => each.startsWith('wiped'))).toEqual(['wiped 2015-001']);
    });

    it.each([
      ['one person has signed it', exitOf({}, [ada]), recordOf()],
      ['its proposer and one more have', exitOf({ proposer: 'ada' }), recordOf()],
      ['it was proposed within the window', exitOf({ proposedAt: new Date(OVER - 1).toISOString() }), recordOf()],
      ['the device is under a legal hold', exitOf(), recordOf({ hold: true })],
      ['the order does not deny it', exitOf(), recordOf({ home: 'SE' })],
      [
        'it was held since',
        exitOf({ act: 'hold', status: 'held', heldSince: new Date(OVER).toISOString() }),
        recordOf(),
      ],
      ['it was withdrawn since', exitOf({ act: 'withdraw', status: 'withdrawn' }), recordOf()],
    ])('nothing is due: %s', (_, exit, record) => {
      expect(afterTheWindow(exit, record).enforcement.dueExit()).toBeNull();
    });

    it('gives a device that comes under the order later a window of its own', () => {
      const exit = exitOf();
      const { enforcement, clock } = afterTheWindow(exit, recordOf({ home: 'SE' }));
      enforcement.acceptRecord(recordOf({ version: 2 }));
      expect(enforcement.dueExit()).toBeNull();
      const own = OVER + 30 * DAY;
      for (const at of [own - DAY, own]) {
        box.pass(at - clock.now());
        clock.authenticate(at);
        enforcement.acceptList(listAt(at, 2 * Math.round(at / DAY), [exit]));
        expect(enforcement.dueExit() !== null).toBe(at === own);
      }
    });

    it.each([
      ['in the country whose network serves it', 'PK', true],
      ['certainly across the border from it', 'IN', false],
    ])('by a network wipes a device that is %s: %s %s', (_, area, wiped) => {
      const made = open();
      made.enforcement.acceptRoots([root.envelope]);
      made.enforcement.acceptRecord(recordOf({ home: 'IN' }));
      const terms = { ...TERMS, nexus: ['network' as const], ...leaving, exportWindow: 'PT1H' };
      const over = EFFECTIVE + HOUR;
      const before = order(terms);
      made.enforcement.acceptList(listAt(NOW, 1, [before]));
      box.pass(EFFECTIVE - NOW);
      made.clock.authenticate(EFFECTIVE);
      made.enforcement.observe([
        { source: 'position', areas: [parsePlace(area)], at: EFFECTIVE, whole: true },
        { source: 'network', areas: [parsePlace('PK')], at: EFFECTIVE },
      ]);
      expect(made.shut('mail')).toBe(true);
      box.pass(HOUR);
      made.clock.authenticate(over);
      const exit = exitOf({ previous: before.digest, proposedAt: new Date(over).toISOString(), terms });
      made.enforcement.acceptList(listAt(over, 3, [exit]));
      expect(made.enforcement.dueExit() !== null).toBe(wiped);
    });

    it('a clock that runs ahead shortens no window', () => {
      const made = open();
      made.enforcement.acceptRoots([root.envelope]);
      made.enforcement.acceptRecord(recordOf());
      made.enforcement.acceptList(listAt(EFFECTIVE, 1, [first]));
      box.pass(400 * DAY);
      made.enforcement.acceptList(listAt(OVER - DAY, 3, [exitOf()]));
      made.enforcement.settle();
      expect(made.enforcement.dueExit()).toBeNull();
    });
  });

  it('case 24: a lower version and a list of another installation change nothing and raise an alarm', () => {
    const { enforcement, first, list, clock, shut } = enrolled();
    const second = listOf([first], { version: 2, previous: list.hash });
    enforcement.acceptList(second.envelope);
    expect(() => enforcement.acceptList(list.envelope)).toThrow(expect.objectContaining({ code: 'list_older' }));
    const foreign = listOf([], { version: 3, installation: 'ins_other' });
    expect(() => enforcement.acceptList(foreign.envelope)).toThrow(
      expect.objectContaining({ code: 'list_other_installation' }),
    );
    const forked = listOf([], { version: 2, previous: list.hash });
    expect(() => enforcement.acceptList(forked.envelope)).toThrow(expect.objectContaining({ code: 'list_forked' }));
    expect(enforcement.documents.list?.version).toBe(2);
    expect(alarms()).toEqual(['list_older', 'list_other_installation', 'list_forked']);
    expect(() => enforcement.acceptList(list.envelope)).toThrow();
    expect(alarms()).toHaveLength(3);
    clock.authenticate(EFFECTIVE);
    enforcement.settle();
    expect(shut('mail')).toBe(true);
  });

  it('keeps an order that a list leaves out, over a restart too, and raises an alarm', () => {
    const { enforcement, list } = enrolled();
    enforcement.acceptList(listOf([], { version: 2, previous: list.hash }).envelope);
    expect(alarms()).toEqual(['order_missing']);
    const again = open();
    again.clock.authenticate(EFFECTIVE);
    again.enforcement.settle();
    expect(again.shut('mail')).toBe(true);
  });

  it('does not believe an order that one person and the server’s own key have signed', () => {
    const { enforcement, clock, shut } = open();
    enforcement.acceptRoots([root.envelope]);
    const forged = signedRevision(revisionDocument({ terms: { ...TERMS, nexus: ['home'] } }), [
      ada,
      { person: 'server', key: online },
    ]);
    enforcement.acceptList(listOf([forged]).envelope);
    enforcement.acceptRecord(recordOf());
    clock.authenticate(EFFECTIVE);
    enforcement.settle();
    expect(shut('mail')).toBe(false);
    expect(alarms()).toContain('order_unverified');
  });

  it('case 28: a wall clock put forward starts nothing and one put back ends nothing', () => {
    const { shut, clock, enforcement } = enrolled();
    box.turnWall(400 * DAY);
    box.pass(HOUR);
    expect(shut('mail')).toBe(false);
    clock.authenticate(EFFECTIVE);
    enforcement.settle();
    expect(shut('mail')).toBe(true);
    box.turnWall(-4000 * DAY);
    box.reboot();
    const again = open();
    again.enforcement.settle();
    expect(again.shut('mail')).toBe(true);
  });

  it('case 59: after a reboot with a clock years ahead, an order more than seven days off has not begun', () => {
    enrolled();
    box.turnWall(3650 * DAY);
    box.reboot();
    const { enforcement, clock, shut } = open();
    enforcement.settle();
    expect(clock.now()).toBe(NOW + HOUR + 7 * DAY);
    expect(shut('mail')).toBe(false);
  });

  it('case 59: what was observed while the clock was fast does not hide what is observed once it is right', () => {
    enrolled({ nexus: ['network'] });
    box.turnWall(365 * DAY);
    box.reboot();
    const { enforcement, clock, shut } = open();
    enforcement.observe(observationsOf({ position: null, network: '410' }, clock.now()));
    clock.authenticate(NOW + 2 * HOUR);
    enforcement.settle();
    clock.authenticate(EFFECTIVE - HOUR);
    enforcement.observe(observationsOf({ position: null, network: '410' }, clock.now()));
    clock.authenticate(EFFECTIVE);
    enforcement.settle();
    expect(shut('mail')).toBe(true);
    clock.authenticate(EFFECTIVE + HOUR);
    enforcement.observe(observationsOf({ position: null, network: '262' }, clock.now()));
    expect(shut('mail')).toBe(false);
  });

  it('case 29: killed between storing and enforcing, it enforces at the next start before anything else', () => {
    const { list, first } = enrolled({ effective: new Date(NOW + 60 * DAY).toISOString() });
    const real = file.device(DEVICE);
    const dying = new Proxy(real, {
      get(target, name) {
        if (name === 'saveGate') {
          return () => {
            throw new Error('killed');
          };
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const { enforcement } = open(dying);
    const sooner = revisionDocument({
      revision: 2,
      previous: first.digest,
      act: 'revise',
      terms: { ...TERMS, nexus: ['home'], effective: new Date(NOW).toISOString() },
    });
    const second = listOf([signedRevision(sooner, [ada, ben])], { version: 2, previous: list.hash });
    expect(() => enforcement.acceptList(second.envelope)).toThrow('killed');
    expect(real.gates().get('mail')?.open).toBe(true);

    const again = open();
    expect(again.enforcement.documents.list?.version).toBe(2);
    again.enforcement.settle();
    expect(file.device(DEVICE).gates().get('mail')?.open).toBe(false);
    expect(receipts().filter((line) => line.startsWith('informed'))).toHaveLength(2);
    expect(receipts()).toContain('enforced 2015-001 mail closed');
  });

  it.each([
    ['keep', true],
    ['allow', false],
    ['deny', true],
  ] as const)(
    'case 35: a list that stops being refreshed raises an alarm and the order’s rule %s decides',
    (stale, closed) => {
      const { shut, clock, enforcement, list, first } = enrolled({ stale });
      clock.authenticate(EFFECTIVE);
      const fresh = listOf([first], {
        version: 2,
        previous: list.hash,
        issuedAt: new Date(EFFECTIVE).toISOString(),
        expiresAt: new Date(EFFECTIVE + 7 * DAY).toISOString(),
      });
      enforcement.acceptList(fresh.envelope);
      const before = alarms().length;
      expect(shut('mail')).toBe(true);
      box.pass(7 * DAY + 1);
      expect(shut('mail')).toBe(closed);
      // Not at the first look: a fresh one may be on its way. Once, however often it is said.
      expect(alarms().slice(before)).toEqual([]);
      enforcement.listStale();
      enforcement.listStale();
      expect(alarms().slice(before)).toEqual(['list_expired']);
    },
  );
});
