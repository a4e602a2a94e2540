/** What an admin should look at, most pressing first, each with a sentence that says how to mend it. Pure: facts and times in, words out. */
import type { Overview } from '../../shared/api/overview.ts';
import type { RestorationState } from '../recovery/recovery.ts';
import type { FleetCounts } from './overview.ts';

export type Unwell = Overview['unwell'][number];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Longer than a weekend with a holiday beside it: a device that is in use has been on by then. */
export const SILENT_AFTER = 7 * DAY;
/** What happened since yesterday; older alarms stand on the pages of their devices. */
export const ALARMS_OF = DAY;
/** A connected device has a new list within seconds; a large fleet, with receipts to sign, within minutes. */
const BEHIND_AFTER = 5 * MINUTE;
/** The list is made anew every day and good for seven: with four left, it has failed for three. */
const LIST_LEFT = 4 * DAY;
/** Addresses change hands all the time: after four months a noticeable part of them is somebody else's. */
const IP_DATABASE_AGE = 120 * DAY;
/** A restore from an older backup loses more than a week of work. */
const BACKUP_AGE = 7 * DAY;
/** A month is time enough to replace a certificate; one that is short from the start is told of when a third is left. */
const CERTIFICATE_LEFT = 30 * DAY;
const CERTIFICATE_PART = 1 / 3;
const CERTIFICATE_URGENT = 7 * DAY;

export type CertificateUse = 'root' | 'issuing' | 'server';

export interface Facts {
  /** Domain time. */
  readonly now: number;
  /** For certificates. */
  readonly realNow: number;
  readonly fleet: FleetCounts;
  /** Entries of the last day. `grave`: those that may mean an attack. */
  readonly alarms: { readonly all: number; readonly grave: number };
  /** Devices that wait for the organisation's key, and whether the list of approvers names one. */
  readonly countersigning: { readonly count: number; readonly possible: boolean };
  readonly list: { readonly version: number; readonly issuedAt: number; readonly expiresAt: number } | null;
  readonly approversAdopted: boolean;
  /** Orders that new devices do not believe. */
  readonly uncovered: readonly string[];
  readonly ipDatabase: { readonly name: string; readonly builtAt: number };
  readonly certificates: readonly {
    readonly use: CertificateUse;
    readonly notBefore: number;
    readonly notAfter: number;
  }[];
  readonly ledgerFailing: boolean;
  /** The disk of the data folder has next to no room. */
  readonly diskFull: boolean;
  /** Null: nothing speaks against the server's clock. */
  readonly clockDoubt: { readonly cause: 'jumped' | 'devices'; readonly ahead: number } | null;
  readonly backups: {
    readonly newest: { readonly at: number } | null;
    /** When the next one is scheduled; null: none is. */
    readonly next: number | null;
    readonly failure: string | null;
  };
  readonly restored: {
    readonly state: Pick<
      RestorationState,
      'at' | 'closedAt' | 'recalled' | 'missing' | 'missingApprovers' | 'ledger' | 'seenLedger' | 'revocations'
    > | null;
    readonly lost: readonly unknown[];
  };
}

const SEVERITIES: readonly Unwell['severity'][] = ['critical', 'warning', 'notice'];

export function unwellOf(facts: Facts): Unwell[] {
  const found = [
    ledger(facts),
    clockInDoubt(facts),
    disk(facts),
    backup(facts),
    restored(facts),
    ...certificates(facts),
    list(facts),
    approvers(facts),
    uncovered(facts),
    alarms(facts),
    countersigning(facts),
    silent(facts),
    behind(facts),
    neverConnected(facts),
    ipDatabase(facts),
  ];
  return found
    .filter((one) => one !== null)
    .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function ledger({ ledgerFailing }: Facts): Unwell | null {
  if (!ledgerFailing) return null;
  const detail =
    'The ledger cannot be written, and nothing is done that must stand in it: free space on the disk or mend the database, and look at the log.';
  return { code: 'ledger_failing', severity: 'critical', count: null, detail };
}

function disk({ diskFull }: Facts): Unwell | null {
  if (!diskFull) return null;
  const detail =
    'The disk of the data folder is full. Soon the server can store nothing, and then refuses every change. Free space, or move the data folder to a larger disk.';
  return { code: 'disk_full', severity: 'critical', count: null, detail };
}

function clockInDoubt({ clockDoubt }: Facts): Unwell | null {
  if (clockDoubt === null) return null;
  const minutes = Math.round(Math.abs(clockDoubt.ahead) / MINUTE);
  const [away, side] = [counted(minutes, 'minute'), clockDoubt.ahead > 0 ? 'forward' : 'back'];
  const fact =
    clockDoubt.cause === 'jumped'
      ? `The machine's clock was set ${side} by ${away}. The server continues on its own time.`
      : `Most devices disagree with the server's clock, by ${away}.`;
  const detail = `${fact} Devices get no time from this server until this is resolved. Correct the machine's clock, or set CORDON_NTP and restart.`;
  return { code: 'clock_in_doubt', severity: 'critical', count: null, detail };
}

function backup({ backups: { newest, next, failure }, now, fleet }: Facts): Unwell | null {
  const last = newest === null ? 'There is no backup yet.' : `The newest backup is of ${dateOf(newest.at)}.`;
  const mend = 'Set CORDON_BACKUP_SCHEDULE, CORDON_BACKUP_FOLDER and CORDON_BACKUP_RECIPIENT on the server.';
  if (failure !== null) {
    return {
      code: 'backup_missing',
      severity: 'warning',
      count: null,
      detail: `The scheduled backup failed: ${failure} ${last}`,
    };
  }
  const old = newest === null ? fleet.total > 0 : now - newest.at > BACKUP_AGE;
  if (!old || (next !== null && newest === null)) return null;
  const detail = `${last} ${next === null ? mend : 'Look at the log of the server.'}`;
  return { code: 'backup_missing', severity: 'notice', count: null, detail };
}

function restored({ restored: { state, lost } }: Facts): Unwell | null {
  if (!state || state.closedAt !== null) return null;
  const { at, recalled, missing, missingApprovers, ledger: tree, seenLedger, revocations } = state;
  const gaps = missing.length + (missingApprovers > 0 ? 1 : 0);
  const detail = [
    `This server was restored from the backup of ${new Date(at).toISOString()}.`,
    `${counted(recalled.newer, 'device')} of ${recalled.devices} knew newer documents.`,
    ...(gaps > 0 ? [`${counted(gaps, 'signed document')} ${was(gaps)} not brought back yet.`] : []),
    ...(lost.length > 0
      ? [`${counted(lost.length, 'device')} ${lost.length === 1 ? 'waits' : 'wait'} to be readmitted.`]
      : []),
    ...(tree === 'suspended' || seenLedger > 0 ? ['The public ledger rests until a newer copy is given.'] : []),
    ...(revocations === 'unknown' ? ['Revocations after the backup are lost.'] : []),
    'Run: cordon restoration show.',
  ].join(' ');
  const critical = tree === 'suspended' || seenLedger > 0 || revocations === 'unknown';
  return { code: 'restored', severity: critical ? 'critical' : 'warning', count: lost.length || null, detail };
}

const RENEWALS: Readonly<Record<CertificateUse, { readonly name: string; readonly mend: string }>> = {
  root: { name: 'root certificate', mend: 'Plan a new authority: every device must enrol again under it.' },
  issuing: { name: 'issuing certificate', mend: 'Plan a new one: after its end no device can renew its own.' },
  server: {
    name: "server's certificate",
    mend: 'It should have been renewed by itself: look at the log, and restart the server.',
  },
};

function certificates({ certificates: all, realNow }: Facts): Unwell[] {
  return all.flatMap(({ use, notBefore, notAfter }): Unwell[] => {
    const left = notAfter - realNow;
    if (left >= Math.min(CERTIFICATE_LEFT, (notAfter - notBefore) * CERTIFICATE_PART)) return [];
    const { name, mend } = RENEWALS[use];
    const when = left < 0 ? 'expired' : 'expires';
    const severity = left < CERTIFICATE_URGENT ? 'critical' : 'warning';
    const detail = `The ${name} ${when} on ${dateOf(notAfter)}. ${mend}`;
    return [{ code: 'certificate_expires', severity, count: null, detail }];
  });
}

function list({ list: current, now }: Facts): Unwell | null {
  if (!current) return null;
  const left = current.expiresAt - now;
  if (left >= LIST_LEFT) return null;
  const mend = 'It should have been made anew by itself: look at the log, and restart the server.';
  return left <= 0
    ? {
        code: 'list_expires',
        severity: 'critical',
        count: null,
        detail: `The order list expired on ${dateOf(current.expiresAt)}, and each device goes by what its orders say for that case. ${mend}`,
      }
    : {
        code: 'list_expires',
        severity: 'warning',
        count: null,
        detail: `The order list expires on ${dateOf(current.expiresAt)}. ${mend}`,
      };
}

function approvers({ approversAdopted }: Facts): Unwell | null {
  if (approversAdopted) return null;
  const detail =
    'Nobody can approve an order yet, and no device can enrol: two people make their approver keys, propose a list of approvers and sign it.';
  return { code: 'no_approvers', severity: 'warning', count: null, detail };
}

function uncovered({ uncovered: orders }: Facts): Unwell | null {
  if (orders.length === 0) return null;
  const [named, they] =
    orders.length === 1
      ? [`Order ${orders[0]}`, 'it']
      : [`Orders ${orders.slice(0, 5).join(', ')}${orders.length > 5 ? ', …' : ''}`, 'them'];
  const were = orders.length === 1 ? 'was' : 'were';
  const detail = `${named} ${were} approved by people who are approvers no longer. New devices do not obey ${they} until enough of today's approvers approve ${they} again.`;
  return { code: 'orders_uncovered', severity: 'warning', count: orders.length, detail };
}

function alarms({ alarms: { all, grave } }: Facts): Unwell | null {
  if (all === 0) return null;
  const which = `${counted(all, 'alarm')} in the last 24 hours: cordon alarms lists each with its device and what to do about it.`;
  const worst = `${grave} of them may mean an attack: cordon alarms --severity grave lists only ${grave === 1 ? 'this one' : 'these'}.`;
  const detail = `${which} ${grave > 0 ? `${worst} ` : ''}The page of a device shows its own alarms too.`;
  return { code: 'alarms', severity: grave > 0 ? 'critical' : 'warning', count: all, detail };
}

function countersigning({ countersigning: { count, possible } }: Facts): Unwell | null {
  if (count === 0) return null;
  const [wait, they] = count === 1 ? ['waits', 'it'] : ['wait', 'they'];
  const how = possible
    ? "whoever keeps the organisation's key looks at them and signs: cordon org-key countersign --key FILE."
    : 'there is no organisation key yet. Make one away from this server (cordon org-key create FILE), and propose a list of approvers that names it.';
  const detail = `${counted(count, 'device')} ${wait} for the organisation's countersignature, and ${they} can take part in no conversation before: ${how}`;
  return { code: 'countersignature_waiting', severity: 'notice', count, detail };
}

function silent({ fleet: { silent: count } }: Facts): Unwell | null {
  if (count === 0) return null;
  const detail = `${counted(count, 'device')} ${was(count)} last seen more than ${SILENT_AFTER / DAY} days ago: ask whose they are, and revoke what is lost.`;
  return { code: 'devices_silent', severity: 'notice', count, detail };
}

function behind({ fleet, list: current, now }: Facts): Unwell | null {
  if (!current || fleet.behind === 0) return null;
  const stuck = now - current.issuedAt >= BEHIND_AFTER ? fleet.behindConnected : 0;
  const offline = fleet.behind - fleet.behindConnected;
  if (stuck > 0) {
    const detail = `${counted(stuck, 'connected device')} ${stuck === 1 ? 'has' : 'have'} not taken the newest order list: look at the alarms of one of them.`;
    return { code: 'devices_behind', severity: 'warning', count: stuck, detail };
  }
  if (offline === 0) return null;
  const detail = `${counted(offline, 'device')} ${offline === 1 ? 'is' : 'are'} offline with an older order list, and ${offline === 1 ? 'takes' : 'take'} the newest when next connected.`;
  return { code: 'devices_behind', severity: 'notice', count: offline, detail };
}

function neverConnected({ fleet: { total, everConnected } }: Facts): Unwell | null {
  const count = total - everConnected;
  if (count === 0) return null;
  const detail = `${counted(count, 'device')} ${count === 1 ? 'has' : 'have'} enrolled and never connected: see that the agent runs there and reaches the device address, which Settings shows.`;
  return { code: 'devices_never_connected', severity: 'notice', count, detail };
}

function ipDatabase({ ipDatabase: { name, builtAt }, now }: Facts): Unwell | null {
  const age = now - builtAt;
  if (age < IP_DATABASE_AGE) return null;
  const detail = `The IP database ${name} was built ${Math.floor(age / DAY)} days ago, and devices may be taken to be in a wrong country: import a newer one in Settings.`;
  return { code: 'ip_database_old', severity: 'warning', count: null, detail };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const was = (count: number): string => (count === 1 ? 'was' : 'were');
const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
