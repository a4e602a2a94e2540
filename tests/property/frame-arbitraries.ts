/** Generated frames of `cordon.v1`, one generator for each kind of frame. */
import fc from 'fast-check';
import type { System } from '../../shared/inventory/inventory.ts';
import type { InventoryReport } from '../../shared/inventory/report.ts';
import { MISSING_REASONS, SECTIONS } from '../../shared/inventory/sections.ts';
import { SOFTWARE_SOURCES, type SoftwareEntry } from '../../shared/inventory/software.ts';
import { ANSWER_OUTCOMES, type LiveQuery } from '../../shared/live-query/live-query.ts';
import { CHECK_STATUSES } from '../../shared/policy/check-results.ts';
import { COMMAND_KINDS } from '../../shared/protocol/command-kinds.ts';
import type { Command, DenialNotice, DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import {
  commandIdSchema,
  deviceIdSchema,
  lostModeIdSchema,
  newScriptId,
  queryIdSchema,
} from '../../shared/protocol/ids.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import { MOST_PACKAGES, PACKAGE_MANAGERS, SOFTWARE_ACTIONS } from '../../shared/software/software-change.ts';
import { EVIDENCE_SOURCES, REASONS } from '../../shared/verdict/terms.ts';
import { PASSCODE_STATES } from '../../shared/workspace/passcode-state.ts';

const text = (maxLength: number, minLength = 0) =>
  fc
    .string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 30) })
    .filter((all) => all.length <= maxLength);
const time = fc.nat(Number.MAX_SAFE_INTEGER);
const version = fc.nat(1_000_000);
const positive = fc.integer({ min: 1, max: 1_000_000 });
export const device = fc.stringMatching(/^dev_[a-z2-7]{16}$/).map((id) => deviceIdSchema.parse(id));
const command = fc.stringMatching(/^cmd_[a-z2-7]{16}$/).map((id) => commandIdSchema.parse(id));
const query = fc.stringMatching(/^qry_[a-z2-7]{16}$/).map((id) => queryIdSchema.parse(id));
const lostModeId = fc.stringMatching(/^lst_[a-z2-7]{16}$/).map((id) => lostModeIdSchema.parse(id));
const keyid = fc.stringMatching(/^[0-9a-f]{64}$/);
const base64 = fc.base64String({ maxLength: 80 });
const envelope = fc.record({
  payloadType: text(128),
  payload: base64,
  signatures: fc.array(fc.record({ keyid, sig: base64 }), { maxLength: 3 }),
});
const person = fc.stringMatching(/^per_[a-z2-7]{16}$/);
const conversation = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => Buffer.from(id).toString('base64url'));
const areas = fc.array(text(8), { maxLength: 4 });
const area = fc.constantFrom('PK', 'IN', 'XX-kashmir', 'US-CA');

const denial: fc.Arbitrary<DenialNotice> = fc.record({
  code: fc.constantFrom('service_denied', 'device_unknown'),
  detail: text(1000),
  order: fc.option(text(32)),
  reasons: fc.array(fc.constantFrom(...REASONS), { maxLength: 16 }),
  appeal: fc.option(text(4000)),
  by: fc.constantFrom('server', 'sender', 'recipient'),
});
const withoutNul = (texts: fc.Arbitrary<string>) => texts.map((value) => value.replaceAll('\0', ' '));
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.constantFrom(...COMMAND_KINDS).chain((kind): fc.Arbitrary<Command> => {
    switch (kind) {
      case 'message':
        return fc.record({ kind: fc.constant(kind), text: text(2000, 1) });
      case 'run-script':
        return fc.record(
          {
            kind: fc.constant(kind),
            script: fc.constantFrom(newScriptId(), newScriptId()),
            version: fc.integer({ min: 1, max: 200 }),
            arguments: fc.array(withoutNul(text(1000)), { maxLength: 16 }),
          },
          { requiredKeys: ['kind', 'script', 'version'] },
        );
      case 'change-software':
        return fc.record({
          kind: fc.constant(kind),
          change: fc.uuid({ version: 4 }),
          manager: fc.constantFrom(...PACKAGE_MANAGERS),
          action: fc.constantFrom(...SOFTWARE_ACTIONS),
          packages: fc.array(fc.record({ name: fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{0,60}$/) }), {
            minLength: 1,
            maxLength: MOST_PACKAGES,
          }),
        });
      case 'restart-device':
      case 'shut-down-device':
        return fc.record({ kind: fc.constant(kind), minutes: fc.integer({ min: 1, max: 60 }) });
      case 'push-file':
        return fc.record({
          kind: fc.constant(kind),
          name: fc.stringMatching(/^[a-z0-9][a-z0-9_]{0,60}$/),
          sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
          size: fc.integer({ min: 1, max: 1000 }),
        });
      case 'fetch-file':
        return fc.record({
          kind: fc.constant(kind),
          name: fc.stringMatching(/^[a-z0-9][a-z0-9_]{0,60}$/),
          reason: fc.stringMatching(/^[a-z0-9]{1,60}$/),
        });
      case 'update-os':
        return fc.record({
          kind: fc.constant(kind),
          change: fc.uuid({ version: 4 }),
          scope: fc.constantFrom('security', 'all'),
          deferral: fc.constantFrom(null, { hours: 8, times: 2 }),
        });
      case 'install-package':
        return fc.record({
          kind: fc.constant(kind),
          change: fc.uuid({ version: 4 }),
          envelope: fc.record({
            payloadType: text(128),
            payload: fc.constant('AAAA'),
            signatures: fc.array(fc.record({ keyid: fc.constant('a'.repeat(64)), sig: fc.constant('AAAA') }), {
              maxLength: 4,
            }),
          }),
        });
      case 'roll-back-software':
        return fc.record({
          kind: fc.constant(kind),
          change: fc.uuid({ version: 4 }),
          of: fc.uuid({ version: 4 }),
        });
      default:
        return fc.constant({ kind });
    }
  }),
);
const system: fc.Arbitrary<System> = fc.record({
  agent: text(64),
  hostname: fc.option(text(255)),
  os: fc.record({
    platform: text(64),
    id: fc.option(text(64)),
    version: fc.option(text(64)),
    distro: fc.option(text(128)),
    release: fc.option(text(128)),
    kernel: fc.option(text(128)),
    arch: text(32),
  }),
  hardware: fc.record({
    manufacturer: fc.option(text(128)),
    model: fc.option(text(128)),
    serial: fc.option(text(128)),
    uuid: fc.option(text(64)),
    cpu: fc.option(text(128)),
    cores: fc.option(version),
    memory: fc.option(time),
  }),
  bootedAt: fc.option(time),
});
const digest = fc.string({ minLength: 64, maxLength: 64, unit: fc.constantFrom(...'0123456789abcdef') });
const visible = (most: number, least = 0) => text(most, least).filter((each) => !each.includes('\0'));
const entry: fc.Arbitrary<SoftwareEntry> = fc.tuple(
  fc.constantFrom(...SOFTWARE_SOURCES),
  visible(128, 1),
  visible(128),
  visible(257),
);
const inventoryReport: fc.Arbitrary<InventoryReport> = fc.record(
  {
    at: time,
    base: fc.option(digest),
    digest,
    sections: fc.record(
      {
        system,
        disks: fc.array(fc.record({ name: text(128), size: fc.option(time), encrypted: fc.option(fc.boolean()) }), {
          maxLength: 3,
        }),
        users: fc.array(fc.record({ name: text(64), admin: fc.option(fc.boolean()) }), { maxLength: 3 }),
        security: fc.record({ firewall: fc.option(fc.boolean()), secureBoot: fc.option(fc.boolean()) }),
      },
      { requiredKeys: [] },
    ),
    missing: fc.dictionary(fc.constantFrom(...SECTIONS), fc.constantFrom(...MISSING_REASONS), { maxKeys: 3 }),
    software: fc.record({
      total: fc.nat({ max: 20_000 }),
      added: fc.array(entry, { maxLength: 5 }),
      removed: fc.array(entry, { maxLength: 5 }),
    }),
  },
  { requiredKeys: ['at', 'base', 'digest', 'sections', 'missing'] },
);

const name = fc.stringMatching(/^[a-z][a-z-]{0,20}$/);
const liveQuery: fc.Arbitrary<LiveQuery> = fc.oneof(
  fc.record({ kind: fc.constant('processes'), name }, { requiredKeys: ['kind'] }),
  fc.record({ kind: fc.constant('services'), name, failed: fc.constant(true) }, { requiredKeys: ['kind'] }),
  fc.record({ kind: fc.constant('open-ports'), port: fc.integer({ min: 1, max: 65_535 }) }, { requiredKeys: ['kind'] }),
  fc.record({
    kind: fc.constant('files'),
    sha256: fc.array(keyid, { minLength: 1, maxLength: 3 }),
    folders: fc.array(fc.stringMatching(/^\/[a-z]{1,20}$/), { minLength: 1, maxLength: 3 }),
  }),
);

const shortText = fc.stringMatching(/^[!-~]{1,60}$/);
const lostMode = fc.record({ id: lostModeId, reason: shortText, contact: shortText, startedAt: time, until: time });
const degrees = (most: number) =>
  fc.integer({ min: -most * 1e6, max: most * 1e6 }).map((millionths) => millionths / 1e6);
const coordinates = fc.record({
  latitude: degrees(90),
  longitude: degrees(180),
  accuracy: fc.nat(20_000_000),
});

/** Generators by kind of frame. A missing kind does not compile. */
type Each<Union, Key extends keyof Union> = {
  readonly [K in Union[Key] & string]: fc.Arbitrary<Extract<Union, { readonly [N in Key]: K }>>;
};
const items: Each<ReportItem, 'type'> = {
  inventory: fc.record({ type: fc.constant('inventory'), report: inventoryReport }),
  evidence: fc.record({
    type: fc.constant('evidence'),
    observations: fc.array(
      fc.record(
        {
          source: fc.constantFrom(...EVIDENCE_SOURCES),
          areas: fc.array(area, { minLength: 1, maxLength: 4 }),
          at: time,
          whole: fc.boolean(),
        },
        { requiredKeys: ['source', 'areas', 'at'] },
      ),
      { minLength: 1, maxLength: 4 },
    ),
  }),
  receipt: fc.record({ type: fc.constant('receipt'), envelope }),
  result: fc.record({
    type: fc.constant('result'),
    command,
    outcome: fc.constantFrom('done', 'failed', 'expired', 'canceled'),
    detail: text(2000),
    at: time,
  }),
  displayed: fc.record({
    type: fc.constant('displayed'),
    command,
    on: fc.constantFrom('desktop', 'page', 'command-line'),
    at: time,
  }),
  'setting-repaired': fc.record({ type: fc.constant('setting-repaired'), setting: text(64), at: time }),
  'change-kept': fc.record({
    type: fc.constant('change-kept'),
    setting: text(64),
    detail: withoutNul(text(500, 1)),
    at: time,
  }),
  passcode: fc.record({ type: fc.constant('passcode'), state: fc.constantFrom(...PASSCODE_STATES), at: time }),
  'offline-lock': fc.record({ type: fc.constant('offline-lock'), at: time }),
  'lost-mode-ended': fc.record({
    type: fc.constant('lost-mode-ended'),
    mode: lostModeId,
    by: fc.constantFrom('user', 'earlier'),
    at: time,
  }),
  'script-output': fc.record({
    type: fc.constant('script-output'),
    command,
    offset: fc.nat(),
    text: withoutNul(text(200, 1)),
    at: time,
  }),
  policy: fc.record({
    type: fc.constant('policy'),
    report: fc.record({
      digest: text(64),
      at: time,
      results: fc.array(
        fc.record({ setting: text(64), status: fc.constantFrom(...CHECK_STATUSES), detail: text(500) }),
        { maxLength: 4 },
      ),
    }),
  }),
  alert: fc.record({ type: fc.constant('alert'), code: text(64), detail: text(1000), at: time }),
};
type Mail = Extract<ServerFrame, { kind: 'mailbox-entry' }>['item'];
const mail: Each<Mail, 'type'> = {
  post: fc.record({
    type: fc.constant('post'),
    id: fc.uuid(),
    from: device,
    generation: positive,
    at: time,
    body: base64,
  }),
  'delivery-report': fc.record({
    type: fc.constant('delivery-report'),
    id: fc.uuid(),
    device,
    status: fc.constantFrom('held', 'released', 'returned', 'expired'),
    order: fc.option(text(32)),
    at: time,
  }),
};
export const fromServer: Each<ServerFrame, 'kind'> = {
  welcome: fc.record({
    kind: fc.constant('welcome'),
    time,
    installation: text(64),
    device,
    generation: positive,
    list: version,
    record: version,
    approverSet: version,
    reports: version,
  }),
  recall: fc.record({ kind: fc.constant('recall'), documents: fc.boolean() }),
  time: fc.record({ kind: fc.constant('time'), time }),
  address: fc.record({ kind: fc.constant('address'), time, areas }),
  'approver-sets': fc.record({ kind: fc.constant('approver-sets'), envelopes: fc.array(envelope, { maxLength: 3 }) }),
  list: fc.record({ kind: fc.constant('list'), envelope }),
  record: fc.record({ kind: fc.constant('record'), envelope }),
  'time-correction': fc.record({ kind: fc.constant('time-correction'), envelope }),
  command: fc.record({ kind: fc.constant('command'), id: command, command: anyCommand, expires: time }),
  'cancel-command': fc.record({ kind: fc.constant('cancel-command'), id: command }),
  'reports-stored': fc.record({ kind: fc.constant('reports-stored'), through: positive }),
  posted: fc.record({
    kind: fc.constant('posted'),
    id: fc.uuid(),
    outcome: fc.constantFrom('accepted', 'superseded', 'blocked', 'refused'),
    denial: fc.option(denial),
    recipients: fc.array(
      fc.record({
        device,
        outcome: fc.constantFrom('stored', 'held', 'refused', 'unknown', 'full'),
        denial: fc.option(denial),
      }),
      { maxLength: 4 },
    ),
  }),
  'mailbox-is': fc.record({ kind: fc.constant('mailbox-is'), acknowledged: version, posts: version }),
  'mailbox-entry': fc.record({
    kind: fc.constant('mailbox-entry'),
    seq: positive,
    item: fc.oneof(...Object.values(mail)),
  }),
  'key-packages-remaining': fc.record({ kind: fc.constant('key-packages-remaining'), count: version }),
  'members-changed': fc.record({ kind: fc.constant('members-changed'), person }),
  'inventory-sections': fc.record({
    kind: fc.constant('inventory-sections'),
    off: fc.array(fc.constantFrom(...SECTIONS), { maxLength: 9 }),
  }),
  'inventory-wanted': fc.record({ kind: fc.constant('inventory-wanted') }),
  query: fc.record({
    kind: fc.constant('query'),
    id: query,
    query: liveQuery,
    seconds: fc.integer({ min: 5, max: 120 }),
  }),
  'new-mail': fc.record({ kind: fc.constant('new-mail') }),
  'lost-mode': fc.record({ kind: fc.constant('lost-mode'), mode: fc.option(lostMode) }),
  'device-name': fc.record({ kind: fc.constant('device-name'), name: text(120) }),
  policy: fc.record({
    kind: fc.constant('policy'),
    digest: text(64),
    settings: fc.array(fc.record({ setting: text(64), value: text(300) }), { maxLength: 4 }),
  }),
  compliance: fc.record({
    kind: fc.constant('compliance'),
    state: text(32),
    failing: fc.array(text(64), { maxLength: 4 }),
    countdown: fc.array(fc.record({ action: text(32), at: time }), { maxLength: 4 }),
    taken: fc.array(fc.record({ action: text(32), at: time }), { maxLength: 4 }),
  }),
};
const held = { list: version, record: version, approverSet: version };
export const fromDevice: Each<DeviceFrame, 'kind'> = {
  hello: fc.record({ kind: fc.constant('hello'), agent: text(64), ...held }),
  position: fc.record({ kind: fc.constant('position'), mode: lostModeId, position: fc.option(coordinates) }),
  have: fc.record({ kind: fc.constant('have'), ...held }),
  'command-stored': fc.record({ kind: fc.constant('command-stored'), id: command }),
  report: fc.record({ kind: fc.constant('report'), seq: positive, item: fc.oneof(...Object.values(items)) }),
  answer: fc.record({
    kind: fc.constant('answer'),
    id: query,
    answer: fc.record({
      outcome: fc.constantFrom(...ANSWER_OUTCOMES),
      detail: text(500),
      rows: fc.array(fc.array(fc.oneof(text(300), fc.nat(), fc.constant(null)), { maxLength: 8 }), { maxLength: 4 }),
      truncated: fc.boolean(),
    }),
  }),
  post: fc.record({
    kind: fc.constant('post'),
    id: fc.uuid(),
    to: fc.array(device, { minLength: 1, maxLength: 4 }),
    keep: fc.boolean(),
    commit: fc.option(
      fc.record({
        conversation,
        epoch: time,
        add: fc.array(fc.record({ device, generation: positive }), { maxLength: 4 }),
        remove: fc.array(device, { maxLength: 4 }),
      }),
    ),
    expires: fc.option(time),
    body: base64,
  }),
  mailbox: fc.record({ kind: fc.constant('mailbox'), open: fc.boolean() }),
  'entries-stored': fc.record({ kind: fc.constant('entries-stored'), through: positive }),
};
