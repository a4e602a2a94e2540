import { describe, expect, it } from 'vitest';
import { deviceView } from '../../../../shared/api/devices.ts';
import { newCommandId, newDeviceId, newLegalHoldId, newPersonId } from '../../../../shared/protocol/ids.ts';
import { clocksDiffer, historyOf, type Sources } from './history.ts';

const id = newDeviceId();
const sources = (change: Partial<Sources> = {}): Sources => ({
  device: deviceView.parse({
    id,
    generation: 2,
    status: 'revoked',
    person: newPersonId(),
    user: 'x',
    group: { id: 'grp_aaaaaaaaaaaaaaaa', name: 'g' },
    home: null,
    seat: null,
    own: { home: null, seat: null },
    statement: null,
    underLegalHold: false,
    mailConnector: false,
    enrolledAt: 10,
    endedAt: 90,
    hostname: null,
    displayName: null,
    platform: null,
    workspace: { state: 'open', since: null },
    passcode: 'none',
    lifeCycle: 'ended',
    missingSince: null,
    retiredAt: null,
    deletedAfter: null,
    labels: [],
    lostMode: false,
    presence: null,
  }),
  evidence: undefined,
  receipts: undefined,
  alerts: undefined,
  commands: undefined,
  certificates: undefined,
  holds: undefined,
  ...change,
});
const summaryOf = (records: Sources) => historyOf(records).map(({ at, text, note }) => [at, text, note]);

describe('the history of a device', () => {
  it('starts with the enrollment and contains its end, newest first', () => {
    expect(summaryOf(sources())).toEqual([
      [90, 'Revoked.', null],
      [10, 'Enrolled, for the 2nd time.', null],
    ]);
  });

  it('merges events of several sources in order of time', () => {
    const command = { kind: 'message' as const, text: 'سلام' };
    const made = {
      id: newCommandId(),
      device: id,
      generation: 1,
      command,
      state: 'done' as const,
      createdBy: 'acc',
      displayed: null,
    };
    const times = { createdAt: 20, expiresAt: 99, storedAt: 21, finishedAt: 40, detail: '' };
    const alone = { job: null, attempt: 1, cancelRequestedAt: null };
    const location = { certainty: 'unknown' as const, areas: [], source: null, disagree: [], network: null };
    const observations = [
      { source: 'address', areas: ['PK'], at: 30, detail: '1.2.3.4', database: null },
      { source: 'statement', areas: ['PK', 'IN'], at: 35, detail: 'he called', database: null },
      { source: 'statement', areas: ['PK', 'IN'], at: 36, detail: 'ended', database: null },
    ];
    const receipt = { order: '2026-001', revision: 1, kind: 'enforced' as const, service: 'mail', gate: 'closed' };
    const all = sources({
      commands: { commands: [{ ...made, ...times, ...alone }], people: {} },
      evidence: { location, statement: null, sources: [], observations },
      receipts: { receipts: [{ ...receipt, at: new Date(50).toISOString() }] },
    });
    expect(summaryOf(all)).toEqual([
      [90, 'Revoked.', null],
      [50, 'The device suspended mail.', null],
      [40, 'Command completed: Show message.', null],
      [36, 'The location statement of the admin ended.', null],
      [35, 'An admin set the location: Pakistan or India.', 'he called'],
      [30, 'The Internet address of the connection: Pakistan.', '1.2.3.4'],
      [20, 'Command sent: Show message.', 'سلام'],
      [10, 'Enrolled, for the 2nd time.', null],
    ]);
    expect(historyOf(all).find(({ at }) => at === 20)?.clock).toBe('real');
  });

  it('contains legal holds on the device and on its user', () => {
    const hold = { id: newLegalHoldId(), reason: 'the tender', reference: null, placedAt: 30, placedBy: 'acc' };
    const holds = [
      {
        ...hold,
        on: { kind: 'person' as const, person: newPersonId(), user: 'x', devices: 1 },
        released: { at: 60, by: 'acc', reason: 'over' },
      },
      { ...hold, on: { kind: 'device' as const, device: id, user: 'x' }, placedAt: 40, released: null },
    ];
    expect(summaryOf(sources({ holds })).slice(1, 4)).toEqual([
      [60, 'Legal hold on its user released.', 'over'],
      [40, 'Legal hold placed.', 'the tender'],
      [30, 'Legal hold placed on its user.', 'the tender'],
    ]);
  });

  it('shows one list unless the server clock differs from real time', () => {
    expect([clocksDiffer(0, 60_000), clocksDiffer(0, 3_600_000), clocksDiffer(3_600_000, 0)]).toEqual([
      false,
      true,
      true,
    ]);
  });
});
