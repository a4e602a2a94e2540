import { describe, expect, it } from 'vitest';
import { HEALTH_ISSUES } from '../../shared/api/overview.ts';
import { type Facts, healthIssuesOf } from './health-issues.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-03-01T00:00:00.000Z');
/** The demo's clock may be months ahead, but certificates use real time. */
const REAL = NOW - 200 * DAY;

const FLEET: Facts['fleet'] = {
  total: 10,
  connected: 6,
  everConnected: 10,
  silent: 0,
  behind: 0,
  behindConnected: 0,
  known: 10,
};
const WELL: Facts = {
  now: NOW,
  realNow: REAL,
  newestRevocationList: REAL - HOUR,
  adminCertificateFailure: null,
  certificatesInFuture: 0,
  fleet: FLEET,
  alerts: { all: 0, grave: 0 },
  countersigning: { count: 0, possible: true },
  clockDoubt: null,
  diskFull: false,
  mailFailure: null,
  unreadableCertificates: 0,
  mail: { connectors: 0, connected: 0, waiting: 0 },
  list: { version: 3, issuedAt: NOW - DAY, expiresAt: NOW + 6 * DAY },
  approversAdopted: true,
  uncovered: [],
  answers: [],
  ipDatabase: { name: 'geo', builtAt: NOW - 100 * DAY },
  certificates: [{ use: 'root', notBefore: REAL - DAY, notAfter: REAL + 7000 * DAY }],
  ledgerFailing: false,
  markFailing: false,
  witnesses: { status: [], obstacle: null, remedy: 'Ask the witness.', threshold: 0 },
  backups: { newest: { at: NOW - HOUR }, next: null, failure: null },
  statementExpires: null,
  restored: { state: null, lost: [] },
};
/** State directly after a restore from a backup with a copy of the ledger. */
const RESTORED: NonNullable<Facts['restored']['state']> = {
  at: NOW - DAY,
  closedAt: null,
  ledger: 'rejoined',
  notContainedSize: 0,
  revocations: 'ledger',
  recalled: { devices: 0, newer: 0, revisions: 0, approvers: 0 },
  missing: [],
  missingApprovers: 0,
};
const of = (facts: Partial<Facts>) => healthIssuesOf({ ...WELL, ...facts });
const summaryOf = (facts: Partial<Facts>) => of(facts).map(({ code, severity, count }) => [code, severity, count]);
const fleet = (counts: Partial<Facts['fleet']>) => ({ fleet: { ...FLEET, ...counts } });
it('names what begins in the future, and the day of each start', () => {
  const [issue] = of({ ...certificate('server', 397, 398), certificatesInFuture: 1 });
  const day = new Date(REAL + DAY).toISOString().slice(0, 10);
  expect(issue?.detail).toContain(
    `These begin in the future: the server's certificate (from ${day}), the certificate of 1 device. Other programs refuse them before that time`,
  );
  const [root] = of(certificate('root', 7300, 7301));
  expect(root?.detail).toContain(`No device accepts the root certificate before ${day}. This version of Cordon cannot`);
});

it.each(['root', 'issuing'] as const)(
  'proposes no procedure for the %s certificate, because Cordon has none',
  (use) => {
    const [issue] = healthIssuesOf({ ...WELL, ...certificate(use, 397, 6) });
    expect(issue?.detail).toContain('This version of Cordon cannot replace it. Set up a new installation');
  },
);

/** Witnesses of which `late` are late. Devices require `threshold` cosignatures. */
function witnessed(late: number, all: number, threshold: number): Facts['witnesses'] {
  const status = Array.from({ length: all }, (_, at) => ({
    name: `witness.example.org/w${at}`,
    failure: at < late ? 'it did not respond' : null,
    late: at < late,
  }));
  return { ...WELL.witnesses, status, threshold };
}

const certificate = (use: 'root' | 'issuing' | 'server', life: number, remaining: number): Partial<Facts> => ({
  certificates: [{ use, notBefore: REAL - (life - remaining) * DAY, notAfter: REAL + remaining * DAY }],
});

describe('health issues', () => {
  it('are absent while everything works', () => expect(of({})).toEqual([]));

  it.each<[string, Partial<Facts>, (string | number | null)[][]]>([
    ['silent devices', fleet({ silent: 2 }), [['devices_silent', 'notice', 2]]],
    ['devices that never came', fleet({ everConnected: 7 }), [['devices_never_connected', 'notice', 3]]],
    ['offline devices with an older list', fleet({ behind: 4 }), [['devices_behind', 'notice', 4]]],
    [
      'connected devices that do not take the list, which is worse than offline ones',
      fleet({ behind: 4, behindConnected: 1 }),
      [['devices_behind', 'warning', 1]],
    ],
    [
      'a list so new that connected devices may still be taking it',
      {
        ...fleet({ behind: 4, behindConnected: 4 }),
        list: { version: 4, issuedAt: NOW - 60_000, expiresAt: NOW + 7 * DAY },
      },
      [],
    ],
    ['alerts', { alerts: { all: 12, grave: 0 } }, [['alerts', 'warning', 12]]],
    ['alerts that may mean an attack', { alerts: { all: 12, grave: 1 } }, [['alerts', 'critical', 12]]],
    [
      'devices that wait to be countersigned',
      { countersigning: { count: 5, possible: false } },
      [['countersignature_waiting', 'notice', 5]],
    ],
    [
      'a list from the future, after the clock was ahead',
      { list: { version: 3, issuedAt: NOW + DAY, expiresAt: NOW + 8 * DAY } },
      [['dated_in_future', 'critical', null]],
    ],
    [
      'a revocation list from the future',
      { newestRevocationList: REAL + DAY },
      [['dated_in_future', 'critical', null]],
    ],
    ['devices with a certificate from the future', { certificatesInFuture: 2 }, [['dated_in_future', 'critical', 2]]],
    ['a server certificate from the future', certificate('server', 397, 398), [['dated_in_future', 'critical', null]]],
    ['old IP data', { ipDatabase: { name: 'geo', builtAt: NOW - 120 * DAY } }, [['ip_database_old', 'warning', null]]],
    ['IP data from after the clock', { ipDatabase: { name: 'geo', builtAt: NOW + 3000 * DAY } }, []],
    [
      'a list that was not made anew',
      { list: { version: 3, issuedAt: 0, expiresAt: NOW + 3 * DAY } },
      [['list_expires', 'warning', null]],
    ],
    ['an expired list', { list: { version: 3, issuedAt: 0, expiresAt: NOW } }, [['list_expires', 'critical', null]]],
    [
      'no list before the first approvers',
      { list: null, approversAdopted: false },
      [['no_approvers', 'warning', null]],
    ],
    ['an answer in 8 days', { answers: [{ order: '2026-001', at: NOW + 8 * DAY }] }, []],
    ['an answer in 6 days', { answers: [{ order: '2026-001', at: NOW + 6 * DAY }] }, [['answer_due', 'warning', 1]]],
    ['an overdue answer', { answers: [{ order: '2026-001', at: NOW - 1 }] }, [['answer_due', 'critical', 1]]],
    ['orders without their approvers', { uncovered: ['2026-001', '2026-002'] }, [['orders_uncovered', 'warning', 2]]],
    ['a high-water mark that fails', { markFailing: true }, [['mark_failing', 'critical', null]]],
    ['a ledger that fails', { ledgerFailing: true }, [['ledger_failing', 'critical', null]]],
    [
      'a witness that knows more entries',
      { witnesses: { ...WELL.witnesses, obstacle: 'the witness w has cosigned 9 ledger entries' } },
      [['ledger_withheld', 'critical', null]],
    ],
    ['witnesses that cosign', { witnesses: witnessed(0, 3, 2) }, []],
    [
      'a late witness of three, of which two are enough',
      { witnesses: witnessed(1, 3, 2) },
      [['witness_late', 'warning', 1]],
    ],
    ['too many late witnesses', { witnesses: witnessed(2, 3, 2) }, [['witness_late', 'critical', 2]]],
    ['a late witness that no device requires', { witnesses: witnessed(1, 1, 0) }, [['witness_late', 'warning', 1]]],
    ['fewer witnesses than devices require', { witnesses: witnessed(0, 1, 2) }, [['witness_late', 'critical', null]]],
    ['an unreadable certificate', { unreadableCertificates: 1 }, [['certificates_unreadable', 'critical', 1]]],
    ['a full disk', { diskFull: true }, [['disk_full', 'critical', null]]],
    ['a mail server that fails', { mailFailure: 'It is down.' }, [['mail_failing', 'warning', null]]],
    ['mail without an enrolled connector', { mail: { connectors: 0, connected: 0, waiting: 5 } }, []],
    ['a connected connector', { mail: { connectors: 2, connected: 1, waiting: 5 } }, []],
    ['an offline connector without waiting mail', { mail: { connectors: 1, connected: 0, waiting: 0 } }, []],
    [
      'waiting mail without a connected connector',
      { mail: { connectors: 2, connected: 0, waiting: 5 } },
      [['mail_connector_offline', 'critical', null]],
    ],
    [
      'a clock that was set',
      { clockDoubt: { cause: 'jumped', ahead: -172_800_000 } },
      [['clock_in_doubt', 'critical', null]],
    ],
    [
      'a clock that most devices contradict',
      { clockDoubt: { cause: 'devices', ahead: 172_800_000 } },
      [['clock_in_doubt', 'critical', null]],
    ],
    [
      'a scheduled backup that failed',
      { backups: { newest: { at: NOW - HOUR }, next: NOW, failure: 'The disk is full.' } },
      [['backup_missing', 'warning', null]],
    ],
    [
      'a backup of eight days ago',
      { backups: { newest: { at: NOW - 8 * DAY }, next: null, failure: null } },
      [['backup_missing', 'notice', null]],
    ],
    ['a valid transparency statement', { statementExpires: NOW + 30 * DAY }, []],
    ['a statement that expires soon', { statementExpires: NOW + 14 * DAY }, [['statement_expired', 'notice', null]]],
    ['an expired statement', { statementExpires: NOW }, [['statement_expired', 'warning', null]]],
    ['no backup', { backups: { newest: null, next: null, failure: null } }, [['backup_missing', 'notice', null]]],
    ['no backup before the first scheduled one', { backups: { newest: null, next: NOW, failure: null } }, []],
    [
      'no backup of an empty fleet',
      { backups: { newest: null, next: null, failure: null }, ...fleet({ total: 0, everConnected: 0 }) },
      [],
    ],
    ['a restore', { restored: { state: RESTORED, lost: [] } }, [['restored', 'warning', null]]],
    [
      'a restore with a device that waits, and a revoked one',
      { restored: { state: RESTORED, lost: [{ obstacle: null }, { obstacle: 'revoked' }] } },
      [['restored', 'warning', 1]],
    ],
    [
      'a restore without a copy of the ledger',
      { restored: { state: { ...RESTORED, ledger: 'suspended' }, lost: [] } },
      [['restored', 'critical', null]],
    ],
    ['a closed restore', { restored: { state: { ...RESTORED, closedAt: NOW }, lost: [] } }, []],
    [
      'a closed restore whose ledger rests',
      { restored: { state: { ...RESTORED, closedAt: NOW, ledger: 'suspended' }, lost: [] } },
      [['restored', 'critical', null]],
    ],
    [
      'a resumed ledger and a device that has seen more of it',
      { restored: { state: { ...RESTORED, ledger: 'resumed', notContainedSize: 9 }, lost: [] } },
      [['restored', 'critical', null]],
    ],
    [
      'a restore with a resumed ledger',
      { restored: { state: { ...RESTORED, ledger: 'resumed' }, lost: [] } },
      [['restored', 'warning', null]],
    ],
    ['a long certificate with a month left', certificate('server', 397, 30), []],
    ['a long certificate with less', certificate('server', 397, 29), [['certificate_expires', 'warning', null]]],
    ['a short certificate with a third left', certificate('issuing', 30, 10), []],
    ['a short certificate with less', certificate('issuing', 30, 9), [['certificate_expires', 'warning', null]]],
    ['a certificate with days left', certificate('root', 397, 6), [['certificate_expires', 'critical', null]]],
    ['an expired certificate', certificate('root', 397, -1), [['certificate_expires', 'critical', null]]],
  ])('%s', (_name, facts, expected) => expect(summaryOf(facts)).toEqual(expected));

  const everything: Partial<Facts> = {
    ...fleet({ silent: 1, behind: 1, everConnected: 9 }),
    ...certificate('server', 397, 1),
    alerts: { all: 1, grave: 0 },
    countersigning: { count: 1, possible: true },
    approversAdopted: false,
    uncovered: ['2026-001'],
    answers: [{ order: '2026-001', at: NOW + DAY }],
    ipDatabase: { name: 'geo', builtAt: 0 },
    list: { version: 3, issuedAt: 0, expiresAt: 0 },
    ledgerFailing: true,
    markFailing: true,
    witnesses: { ...witnessed(1, 3, 2), obstacle: 'a witness knows more' },
    clockDoubt: { cause: 'jumped', ahead: 172_800_000 },
    diskFull: true,
    mailFailure: 'It is down.',
    unreadableCertificates: 2,
    mail: { connectors: 1, connected: 0, waiting: 1 },
    certificatesInFuture: 1,
    adminCertificateFailure: 'The key is of another pair.',
    backups: { newest: null, next: null, failure: null },
    statementExpires: 0,
    restored: { state: RESTORED, lost: [] },
  };

  it('have a sentence for each, and the most severe come first', () => {
    const all = of(everything);
    expect(all.map(({ code }) => code).sort()).toEqual([...HEALTH_ISSUES].sort());
    expect(all.map(({ severity }) => severity)).toEqual([
      ...Array(10).fill('critical'),
      ...Array(10).fill('warning'),
      ...Array(5).fill('notice'),
    ]);
    for (const { detail } of all) expect(detail).toMatch(/^[A-Z0-9].*\.$/);
  });

  it('link to exactly the devices, alerts or orders that they count, or to the page about their cause or remedy', () => {
    const devices = (filter: object) => ({ page: 'devices', filter: { status: 'active', ...filter } });
    const links: Record<(typeof HEALTH_ISSUES)[number], object> = {
      devices_silent: devices({ connected: false, seenBefore: NOW - 7 * DAY }),
      devices_behind: devices({ connected: false, listBelow: 3 }),
      devices_never_connected: devices({ everConnected: false }),
      countersignature_waiting: devices({ countersigned: false }),
      alerts: { page: 'alerts', since: NOW - DAY },
      orders_uncovered: { page: 'orders', numbers: ['2026-001'] },
      answer_due: { page: 'orders', numbers: ['2026-001'] },
      restored: { page: 'recovery' },
      no_approvers: { page: 'approvers' },
      mail_connector_offline: { page: 'mail' },
      mail_failing: { page: 'people' },
      ledger_failing: { page: 'ledger' },
      mark_failing: { page: 'settings', section: 'health' },
      ledger_withheld: { page: 'ledger' },
      witness_late: { page: 'ledger' },
      statement_expired: { page: 'transparency' },
      ip_database_old: { page: 'settings', section: 'ip-databases' },
      backup_missing: { page: 'settings', section: 'backup' },
      certificates_unreadable: { page: 'settings', section: 'backup' },
      certificate_expires: { page: 'settings', section: 'certificates' },
      admin_certificate_unusable: { page: 'settings', section: 'certificates' },
      list_expires: { page: 'settings', section: 'health' },
      disk_full: { page: 'settings', section: 'health' },
      clock_in_doubt: { page: 'settings', section: 'time-corrections' },
      dated_in_future: { page: 'settings', section: 'time-corrections' },
    };
    expect(Object.fromEntries(of(everything).map(({ code, link }) => [code, link]))).toEqual(links);
  });

  it('an expired statement links to the page on which two people renew it', () => {
    expect(of({ statementExpires: NOW })[0]?.link).toEqual({ page: 'transparency' });
  });

  it('use the singular and the plural correctly', () => {
    const firstSentences = (facts: Partial<Facts>) => of(facts).map(({ detail }) => detail.split(/[:,.]/)[0]);
    expect(firstSentences(fleet({ silent: 1, everConnected: 9, behind: 1 }))).toEqual([
      '1 device was last seen more than 7 days ago',
      '1 device is offline with an older order list and receives the newest one at the next connection',
      '1 device has enrolled and never connected',
    ]);
    expect(
      firstSentences({ alerts: { all: 2, grave: 0 }, ...fleet({ behind: 3, behindConnected: 2, everConnected: 8 }) }),
    ).toEqual([
      '2 alerts in the last 24 hours',
      '2 connected devices have not stored the newest order list',
      '2 devices have enrolled and never connected',
    ]);
    // No page of the console lists these items, so the text names them or the command that lists them.
    expect(of({ alerts: { all: 1, grave: 0 } })[0]?.detail).toContain('cordon alerts lists each');
    expect(firstSentences({ uncovered: ['2026-001'] })).toEqual([
      'Order 2026-001 was approved by people who are no longer approvers',
    ]);
    expect(of({ uncovered: Array.from({ length: 7 }, (_, n) => `2026-00${n}`) })[0]?.detail).toContain(
      '2026-004, … were',
    );
  });
});
