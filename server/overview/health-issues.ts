/** Health issues, most severe first, each with its consequence and remedy. The functions are pure. */
import type { Overview, SettingsSection } from '../../shared/api/overview.ts';
import type { RecoveryState } from '../recovery/recovery.ts';
import type { FleetCounts } from './ports.ts';

export type HealthIssue = Overview['healthIssues'][number];
type Found = Omit<HealthIssue, 'link'>;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Time without a connection after which a device counts as silent. The time is longer than a long weekend, so a device that is still in use
 * does not reach it.
 */
export const SILENT_AFTER = 7 * DAY;
/** Maximum age of alerts that cause a health issue. */
export const ALERTS_OF = DAY;
/**
 * Time that a connected device has to store a new order list. In a large fleet, the delivery takes minutes, because each device signs a
 * receipt.
 */
const BEHIND_AFTER = 5 * MINUTE;
/**
 * Remaining validity of the order list that causes a warning. The server renews the list daily for seven days, so with less than four days
 * left, three renewals have failed.
 */
const LIST_EXPIRY_WARNING = 4 * DAY;
/**
 * Age of the IP database that causes a warning. After four months, a noticeable part of the data is wrong, because addresses move to other
 * countries.
 */
const IP_DATABASE_AGE = 120 * DAY;
/** Age of the last backup that causes a warning. A restore from an older backup loses more than a week of work. */
const BACKUP_AGE = 7 * DAY;
/** Remaining validity of the transparency statement that causes a notice. Two people need time to check that it is still true. */
const STATEMENT_EXPIRY_WARNING = 14 * DAY;
/**
 * Remaining validity of a certificate that causes a warning. A month is enough to replace the certificate. For a short-lived certificate,
 * the limit is a third of its validity.
 */
const CERTIFICATE_EXPIRY_WARNING = 30 * DAY;
const CERTIFICATE_EXPIRY_SHARE = 1 / 3;
const CERTIFICATE_EXPIRY_CRITICAL = 7 * DAY;
/**
 * Time before the deadline for an answer to an authority at which the health issue appears. The first reminder has the same time
 * (`shared/order/answer-deadline.ts`).
 */
const ANSWER_DUE_WARNING = 7 * DAY;

export type CertificateUse = 'root' | 'issuing' | 'server' | 'admin';

export interface ServerFacts {
  /** Real time, for the validity of certificates. */
  readonly realNow: number;
  /** Time at which the newest revocation list was issued; null without a list. */
  readonly newestRevocationList: number | null;
  readonly certificates: readonly {
    readonly use: CertificateUse;
    readonly notBefore: number;
    readonly notAfter: number;
  }[];
  /** Reason why the renewed files of the admin listener's certificate cannot be used; null if they can. */
  readonly adminCertificateFailure: string | null;
  readonly ipDatabase: { readonly name: string; readonly builtAt: number };
  readonly ledgerFailing: boolean;
  /** True while the server cannot write its high-water mark (`server/startup/mark-keeper.ts`). */
  readonly markFailing: boolean;
  /** Number of devices whose receipts wait, because a certificate in the store is unreadable. */
  readonly unreadableCertificates: number;
  readonly witnesses: {
    readonly status: readonly { readonly name: string; readonly failure: string | null; readonly late: boolean }[];
    /** Reason why the server signs no checkpoint because of its witnesses; null if there is none. */
    readonly obstacle: string | null;
    /** Remedy for an obstacle, for the admin. */
    readonly remedy: string;
    /** Number of cosignatures that devices require; 0 for none. */
    readonly threshold: number;
  };
  readonly diskFull: boolean;
  /** Reason why the mail server cannot be used; null if the mail server works or none is configured. */
  readonly mailFailure: string | null;
  /** Mail connectors, and mails that wait and are not held. */
  readonly mail: { readonly connectors: number; readonly connected: number; readonly waiting: number };
  /** Reason to distrust the server's clock; null if the clock is plausible. */
  readonly clockDoubt: { readonly cause: 'jumped' | 'devices'; readonly ahead: number } | null;
  readonly backups: {
    readonly newest: { readonly at: number } | null;
    readonly next: number | null;
    readonly failure: string | null;
  };
  /** Time at which the newest signed transparency statement expires or expired; null without a statement. */
  readonly statementExpires: number | null;
  readonly restored: {
    readonly state: Pick<
      RecoveryState,
      'at' | 'closedAt' | 'recalled' | 'missing' | 'missingApprovers' | 'ledger' | 'notContainedSize' | 'revocations'
    > | null;
    /** Devices that the server has refused since the restore. `obstacle`: why an admin cannot readmit the device; null if an admin can. */
    readonly lost: readonly { readonly obstacle: unknown }[];
  };
}

export interface Facts extends ServerFacts {
  readonly now: number;
  readonly fleet: FleetCounts;
  /** Alerts of the last day. `grave`: alerts that may indicate an attack. */
  readonly alerts: { readonly all: number; readonly grave: number };
  /**
   * Devices that wait for the organization's signature on their messaging key. `possible`: true if the approver set names an organization
   * key, because only the holder of this key can sign.
   */
  readonly countersigning: { readonly count: number; readonly possible: boolean };
  /** Devices whose only certificate begins in the future. */
  readonly certificatesInFuture: number;
  readonly list: { readonly version: number; readonly issuedAt: number; readonly expiresAt: number } | null;
  readonly approversAdopted: boolean;
  /** Orders that new devices do not obey, because the orders' approvers are no longer in the approver set. */
  readonly uncovered: readonly string[];
  /** Due answers to authorities that the viewer may record. */
  readonly answers: readonly { readonly order: string; readonly at: number }[];
}

const SEVERITIES: readonly HealthIssue['severity'][] = ['critical', 'warning', 'notice'];

export function healthIssuesOf(facts: Facts): HealthIssue[] {
  const found = [
    ledger(facts),
    mark(facts),
    unreadableCertificates(facts),
    withheld(facts),
    lateWitnesses(facts),
    clockInDoubt(facts),
    datedInFuture(facts),
    disk(facts),
    mail(facts),
    mailConnector(facts),
    backup(facts),
    statement(facts),
    restored(facts),
    ...certificates(facts),
    adminCertificate(facts),
    list(facts),
    approvers(facts),
    uncovered(facts),
    dueAnswers(facts),
    alerts(facts),
    countersigning(facts),
    silent(facts),
    behind(facts),
    neverConnected(facts),
    ipDatabase(facts),
  ];
  return found
    .filter((one) => one !== null)
    .map((one) => ({ ...one, link: LINKS[one.code](facts) }))
    .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

const devices = (filter: object) => ({ page: 'devices' as const, filter: { status: 'active' as const, ...filter } });
const settings = <Section extends SettingsSection>(section: Section) => ({ page: 'settings' as const, section });

/**
 * Link of each health issue: to exactly the devices, alerts or orders that it counts, or to the page about its cause or remedy. A new code
 * without a link does not compile.
 */
const LINKS: Readonly<Record<HealthIssue['code'], (facts: Facts) => HealthIssue['link']>> = {
  devices_silent: ({ now }) => devices({ connected: false, seenBefore: now - SILENT_AFTER }),
  devices_behind: ({ now, fleet, list: current }) =>
    devices({ ...(current && { connected: stuckDevices(fleet, current, now) > 0, listBelow: current.version }) }),
  devices_never_connected: () => devices({ everConnected: false }),
  countersignature_waiting: () => devices({ countersigned: false }),
  alerts: ({ now }) => ({ page: 'alerts', since: now - ALERTS_OF }),
  orders_uncovered: ({ uncovered: numbers }) => ({ page: 'orders', numbers: [...numbers] }),
  answer_due: ({ now, answers: open }) => ({
    page: 'orders',
    numbers: answersDueSoon(open, now).map(({ order }) => order),
  }),
  restored: () => ({ page: 'recovery' }),
  no_approvers: () => ({ page: 'approvers' }),
  mail_connector_offline: () => ({ page: 'mail' }),
  // After a repair of the mail server, an admin sends invitations and reset links again from the list of accounts.
  mail_failing: () => ({ page: 'people' }),
  ledger_failing: () => ({ page: 'ledger' }),
  ledger_withheld: () => ({ page: 'ledger' }),
  witness_late: () => ({ page: 'ledger' }),
  statement_expired: () => ({ page: 'transparency' }),
  ip_database_old: () => settings('ip-databases'),
  backup_missing: () => settings('backup'),
  certificates_unreadable: () => settings('backup'),
  certificate_expires: () => settings('certificates'),
  admin_certificate_unusable: () => settings('certificates'),
  list_expires: () => settings('health'),
  disk_full: () => settings('health'),
  mark_failing: () => settings('health'),
  clock_in_doubt: () => settings('time-corrections'),
  dated_in_future: () => settings('time-corrections'),
};

/** Number of connected devices that had enough time to store the newest order list but have an older list. */
const stuckDevices = (fleet: FleetCounts, list: { readonly issuedAt: number }, now: number): number =>
  now - list.issuedAt >= BEHIND_AFTER ? fleet.behindConnected : 0;

function ledger({ ledgerFailing }: Facts): Found | null {
  if (!ledgerFailing) return null;
  const detail =
    'The ledger cannot be written. The server refuses every action that must be in the ledger. Free space on the disk or repair the database, and read the server log.';
  return { code: 'ledger_failing', severity: 'critical', count: null, detail };
}

function mark({ markFailing }: Facts): Found | null {
  if (!markFailing) return null;
  const detail =
    'The server cannot write its high-water mark, so it publishes no new revocation list, order list or ledger checkpoint. Revoked devices are disconnected, but other programs do not learn of the revocation. Free space on the disks of CORDON_HOME and CORDON_PERSON_KEYS, and read the server log.';
  return { code: 'mark_failing', severity: 'critical', count: null, detail };
}

function unreadableCertificates({ unreadableCertificates: count }: Facts): Found | null {
  if (count === 0) return null;
  const [subject, receipts] =
    count === 1 ? ['1 device has', 'its receipts'] : [`${count} devices have`, 'their receipts'];
  const detail = `${subject} an unreadable certificate in the database, so the server cannot verify ${receipts}. The database is damaged. Check the disk, and restore the newest backup that is not damaged.`;
  return { code: 'certificates_unreadable', severity: 'critical', count, detail };
}

function withheld({ witnesses: { obstacle, remedy } }: Facts): Found | null {
  if (obstacle === null) return null;
  const detail = `The ledger is suspended: ${obstacle}. New ledger entries wait, and none is lost. ${remedy}`;
  return { code: 'ledger_withheld', severity: 'critical', count: null, detail };
}

function lateWitnesses({ witnesses: { status, threshold } }: Facts): Found | null {
  const late = status.filter((witness) => witness.late);
  const [first] = late;
  if (!first) {
    if (threshold <= status.length) return null;
    const detail = `Devices require cosignatures of ${threshold} witnesses, and CORDON_WITNESSES names ${status.length}. Devices verify no new conversation partners. Add the witnesses of the approver set to CORDON_WITNESSES.`;
    return { code: 'witness_late', severity: 'critical', count: null, detail };
  }
  const remaining = status.length - late.length;
  const enough = remaining >= threshold;
  const effect = enough
    ? 'Devices still accept the ledger.'
    : `Devices require ${threshold} cosignatures, so they verify no new conversation partners.`;
  const reason = first.failure === null ? '' : ` ${first.name}: ${first.failure}.`;
  const detail = `${late.length} of ${status.length} ${status.length === 1 ? 'witness' : 'witnesses'} ${late.length === 1 ? 'has' : 'have'} not cosigned the ledger in time.${reason} ${effect} Ask their operators whether the witnesses are running and reachable.`;
  return { code: 'witness_late', severity: enough ? 'warning' : 'critical', count: late.length, detail };
}

function disk({ diskFull }: Facts): Found | null {
  if (!diskFull) return null;
  const detail =
    'The disk of the data folder is full. Soon the server can store nothing, and then refuses every change. Free space, or move the data folder to a larger disk.';
  return { code: 'disk_full', severity: 'critical', count: null, detail };
}

function mail({ mailFailure }: Facts): Found | null {
  if (mailFailure === null) return null;
  const detail = `Cordon cannot send mail: ${mailFailure} Invitations, reset links and verification links do not reach their accounts. When the mail server works again, send the links again.`;
  return { code: 'mail_failing', severity: 'warning', count: null, detail };
}

function mailConnector({ mail: { connectors, connected, waiting } }: Facts): Found | null {
  if (connectors === 0 || connected > 0 || waiting === 0) return null;
  const state = connectors === 1 ? 'The mail connector is offline' : `All ${connectors} mail connectors are offline`;
  const detail = `${state}, and ${counted(waiting, 'mail')} ${waiting === 1 ? 'waits' : 'wait'}. No mail enters or leaves the company through Cordon. Start the mail connector, and read its log.`;
  return { code: 'mail_connector_offline', severity: 'critical', count: null, detail };
}

function clockInDoubt({ clockDoubt }: Facts): Found | null {
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

/** Difference between two machines' clocks that is no error, in milliseconds. */
const CLOCKS_DIFFER = 10 * MINUTE;

function datedInFuture(facts: Facts): Found | null {
  const { certificates: all, realNow, newestRevocationList, list: current, now, certificatesInFuture: count } = facts;
  const early = all.filter(({ notBefore }) => notBefore > realNow);
  const permanent = early.find(({ use }) => use === 'root' || use === 'issuing');
  const dated = [
    ...early.map(({ use, notBefore }) => ({ what: `the ${RENEWALS[use].name}`, at: notBefore })),
    ...(current && current.issuedAt > now + CLOCKS_DIFFER ? [{ what: 'the order list', at: current.issuedAt }] : []),
    ...(newestRevocationList !== null && newestRevocationList > realNow + CLOCKS_DIFFER
      ? [{ what: 'the revocation list', at: newestRevocationList }]
      : []),
  ];
  if (dated.length === 0 && count === 0) return null;
  const parts = dated.map(({ what, at }) => `${what} (from ${dateOf(at)})`);
  if (count > 0) parts.push(`the ${count === 1 ? 'certificate' : 'certificates'} of ${counted(count, 'device')}`);
  const remedy = permanent
    ? `No device accepts the ${RENEWALS[permanent.use].name} before ${dateOf(permanent.notBefore)}. ${NO_REPLACEMENT}`
    : 'The server issues its own documents again within a minute, and devices renew their certificates by themselves. If this lasts longer than an hour, read the server log, and enroll the remaining devices again.';
  const detail = `The server's clock was ahead. These begin in the future: ${parts.join(', ')}. Other programs refuse them before that time. ${remedy}`;
  return { code: 'dated_in_future', severity: 'critical', count: count || null, detail };
}

function backup({ backups: { newest, next, failure }, now, fleet }: Facts): Found | null {
  const last = newest === null ? 'There is no backup yet.' : `The newest backup is of ${dateOf(newest.at)}.`;
  const remedy = 'Set CORDON_BACKUP_SCHEDULE, CORDON_BACKUP_FOLDER and CORDON_BACKUP_RECIPIENT on the server.';
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
  const detail = `${last} ${next === null ? remedy : 'Read the server log.'}`;
  return { code: 'backup_missing', severity: 'notice', count: null, detail };
}

function statement({ statementExpires: expires, now }: Facts): Found | null {
  if (expires === null || expires - now > STATEMENT_EXPIRY_WARNING) return null;
  const expired = expires <= now;
  const fact = `The signed transparency statement ${expired ? 'expired' : 'expires'} on ${dateOf(expires)}.`;
  const consequence = expired
    ? 'The public report shows its absence.'
    : 'Without a renewal, the public report shows its absence.';
  const detail = `${fact} ${consequence} If the statement is still true, two people of the role legal renew it: cordon transparency renew.`;
  return { code: 'statement_expired', severity: expired ? 'warning' : 'notice', count: null, detail };
}

function restored({ restored: { state, lost } }: Facts): Found | null {
  if (!state) return null;
  const rests = state.ledger === 'suspended' || state.notContainedSize > 0;
  if (state.closedAt !== null) {
    if (!rests) return null;
    const detail =
      'The public ledger has been suspended since the restore, and the recovery is closed. Devices verify no new conversation partners. Run: cordon recovery show.';
    return { code: 'restored', severity: 'critical', count: null, detail };
  }
  const { at, recalled, missing, missingApprovers, revocations } = state;
  const waiting = lost.filter(({ obstacle }) => obstacle === null).length;
  const gaps = missing.length + (missingApprovers > 0 ? 1 : 0);
  const detail = [
    `This server was restored from the backup of ${new Date(at).toISOString()}.`,
    `${counted(recalled.newer, 'device')} of ${recalled.devices} had newer documents.`,
    ...(gaps > 0 ? [`${counted(gaps, 'signed document')} ${gaps === 1 ? 'is' : 'are'} still missing.`] : []),
    ...(waiting > 0 ? [`${counted(waiting, 'device')} ${waiting === 1 ? 'waits' : 'wait'} to be readmitted.`] : []),
    ...(rests ? ['The public ledger is suspended.'] : []),
    ...(revocations === 'unknown' ? ['Revocations after the backup are lost.'] : []),
    'Run: cordon recovery show.',
  ].join(' ');
  const critical = rests || revocations === 'unknown';
  return { code: 'restored', severity: critical ? 'critical' : 'warning', count: waiting || null, detail };
}

const NO_REPLACEMENT =
  'This version of Cordon cannot replace it. Set up a new installation with an empty data folder before that day, and enroll each device there.';
const RENEWALS: Readonly<Record<CertificateUse, { readonly name: string; readonly remedy: string }>> = {
  root: { name: 'root certificate', remedy: NO_REPLACEMENT },
  issuing: {
    name: 'issuing certificate',
    remedy: `After that, no device can renew its certificate. ${NO_REPLACEMENT}`,
  },
  server: {
    name: "server's certificate",
    remedy: 'The server should have renewed it. Read the server log, and restart the server.',
  },
  admin: {
    name: 'admin certificate',
    remedy:
      'Renew the files of CORDON_ADMIN_CERTIFICATE and CORDON_ADMIN_KEY. The server reads the new files by itself.',
  },
};

function adminCertificate({ adminCertificateFailure: failure }: Facts): Found | null {
  if (failure === null) return null;
  const detail = `The admin listener keeps its earlier certificate, because it cannot use the new files. ${failure} The server reads the files again every ten seconds.`;
  return { code: 'admin_certificate_unusable', severity: 'warning', count: null, detail };
}

function certificates({ certificates: all, realNow }: Facts): Found[] {
  return all.flatMap(({ use, notBefore, notAfter }): Found[] => {
    const remaining = notAfter - realNow;
    if (remaining >= Math.min(CERTIFICATE_EXPIRY_WARNING, (notAfter - notBefore) * CERTIFICATE_EXPIRY_SHARE)) return [];
    const { name, remedy } = RENEWALS[use];
    const when = remaining < 0 ? 'expired' : 'expires';
    const severity = remaining < CERTIFICATE_EXPIRY_CRITICAL ? 'critical' : 'warning';
    const detail = `The ${name} ${when} on ${dateOf(notAfter)}. ${remedy}`;
    return [{ code: 'certificate_expires', severity, count: null, detail }];
  });
}

function list({ list: current, now }: Facts): Found | null {
  if (!current) return null;
  const remaining = current.expiresAt - now;
  if (remaining >= LIST_EXPIRY_WARNING) return null;
  const remedy = 'The server should have renewed it. Read the server log, and restart the server.';
  return remaining <= 0
    ? {
        code: 'list_expires',
        severity: 'critical',
        count: null,
        detail: `The order list expired on ${dateOf(current.expiresAt)}. Each device applies the rule of its orders for an expired list. ${remedy}`,
      }
    : {
        code: 'list_expires',
        severity: 'warning',
        count: null,
        detail: `The order list expires on ${dateOf(current.expiresAt)}. ${remedy}`,
      };
}

function approvers({ approversAdopted }: Facts): Found | null {
  if (approversAdopted) return null;
  const detail =
    'No approver set is adopted. No order can be approved, and devices exchange no messages. Two people create their approver keys, then propose and sign an approver set.';
  return { code: 'no_approvers', severity: 'warning', count: null, detail };
}

function uncovered({ uncovered: orders }: Facts): Found | null {
  if (orders.length === 0) return null;
  const [named, pronoun] =
    orders.length === 1
      ? [`Order ${orders[0]}`, 'it']
      : [`Orders ${orders.slice(0, 5).join(', ')}${orders.length > 5 ? ', …' : ''}`, 'them'];
  const were = orders.length === 1 ? 'was' : 'were';
  const detail = `${named} ${were} approved by people who are no longer approvers. New devices do not obey ${pronoun} until enough of today's approvers approve ${pronoun} again.`;
  return { code: 'orders_uncovered', severity: 'warning', count: orders.length, detail };
}

const answersDueSoon = (open: Facts['answers'], now: number): Facts['answers'] =>
  open.filter(({ at }) => at - now < ANSWER_DUE_WARNING).sort((a, b) => a.at - b.at);

function dueAnswers({ answers: open, now }: Facts): Found | null {
  const near = answersDueSoon(open, now);
  const [first] = near;
  if (!first) return null;
  const overdue = near.filter(({ at }) => at <= now).length;
  const title = `${counted(near.length, 'order')} ${near.length === 1 ? 'needs' : 'need'} an answer to the authority within a week.`;
  const overdueText = overdue === 0 ? '' : ` ${counted(overdue, 'answer')} ${overdue === 1 ? 'is' : 'are'} overdue.`;
  const detail = `${title}${overdueText} The first is order ${first.order}, due on ${dateOf(first.at)}. When an answer is sent, record it on the order's page.`;
  return { code: 'answer_due', severity: overdue > 0 ? 'critical' : 'warning', count: near.length, detail };
}

function alerts({ alerts: { all, grave } }: Facts): Found | null {
  if (all === 0) return null;
  const which = `${counted(all, 'alert')} in the last 24 hours. The command cordon alerts lists each with its device and the remedy.`;
  const worst = `${grave} of them may mean an attack. The command cordon alerts --severity grave lists only ${grave === 1 ? 'this one' : 'these'}.`;
  const detail = `${which} ${grave > 0 ? `${worst} ` : ''}The page of a device shows its own alerts too.`;
  return { code: 'alerts', severity: grave > 0 ? 'critical' : 'warning', count: all, detail };
}

function countersigning({ countersigning: { count, possible } }: Facts): Found | null {
  if (count === 0) return null;
  const how = possible
    ? 'The holder of the organization key checks and signs them: cordon org-key countersign --key FILE.'
    : 'There is no organization key yet. Create one away from this server (cordon org-key create FILE), and propose an approver set that names it.';
  const detail = `${counted(count, 'device')} ${count === 1 ? 'waits' : 'wait'} for the organization's countersignature and cannot join conversations. ${how}`;
  return { code: 'countersignature_waiting', severity: 'notice', count, detail };
}

function silent({ fleet: { silent: count } }: Facts): Found | null {
  if (count === 0) return null;
  const detail = `${counted(count, 'device')} ${was(count)} last seen more than ${SILENT_AFTER / DAY} days ago. Ask their users, and revoke lost devices.`;
  return { code: 'devices_silent', severity: 'notice', count, detail };
}

function behind({ fleet, list: current, now }: Facts): Found | null {
  if (!current || fleet.behind === 0) return null;
  const stuck = stuckDevices(fleet, current, now);
  const offline = fleet.behind - fleet.behindConnected;
  if (stuck > 0) {
    const detail = `${counted(stuck, 'connected device')} ${stuck === 1 ? 'has' : 'have'} not stored the newest order list. Read the alerts of one of them.`;
    return { code: 'devices_behind', severity: 'warning', count: stuck, detail };
  }
  if (offline === 0) return null;
  const detail = `${counted(offline, 'device')} ${offline === 1 ? 'is' : 'are'} offline with an older order list and ${offline === 1 ? 'receives' : 'receive'} the newest one at the next connection.`;
  return { code: 'devices_behind', severity: 'notice', count: offline, detail };
}

function neverConnected({ fleet: { total, everConnected } }: Facts): Found | null {
  const count = total - everConnected;
  if (count === 0) return null;
  const detail = `${counted(count, 'device')} ${count === 1 ? 'has' : 'have'} enrolled and never connected. Check that the agent runs there and can reach the device address in Settings.`;
  return { code: 'devices_never_connected', severity: 'notice', count, detail };
}

function ipDatabase({ ipDatabase: { name, builtAt }, now }: Facts): Found | null {
  const age = now - builtAt;
  if (age < IP_DATABASE_AGE) return null;
  const detail = `The IP database ${name} was built ${Math.floor(age / DAY)} days ago. Devices may be located in the wrong country. Import a newer database in Settings.`;
  return { code: 'ip_database_old', severity: 'warning', count: null, detail };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const was = (count: number): string => (count === 1 ? 'was' : 'were');
const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
