/**
 * Table of rights: every route of the API with the roles that may use it. A route that is missing from the table does not compile.
 */
import { ROLES, type Role } from '../../shared/api/roles.ts';

/**
 * Kinds of rights, by the grants that give them.
 * - public: no sign-in is necessary.
 * - self: every signed-in account has the right for its own data.
 * - any: every grant of the listed roles gives the right, whatever its scope.
 * - whole: only a grant without a group or area gives the right.
 * - device: the right applies to devices, activation codes and groups within the group and area of the grant.
 * - areas: the right applies to orders and named areas within the area of the grant. A grant for one group does not give the right.
 */
export type Scope = 'public' | 'self' | 'any' | 'whole' | 'device' | 'areas';

export interface Right {
  readonly scope: Scope;
  readonly roles: readonly Role[];
}

/** The role `backup` is for a scheduled job, which can create a backup and can read nothing else. */
const EVERYONE = ROLES.filter((role) => role !== 'backup');
const right = <S extends Scope>(scope: S, ...roles: readonly Role[]): Right & { readonly scope: S } => ({
  scope,
  roles,
});

export const RIGHTS = {
  'health.live': right('public'),
  'health.ready': right('public'),
  /** Right to read metrics. Metrics name no person and no device. */
  'metrics.show': right('public'),
  'health.show': right('any', ...EVERYONE),
  'openapi.show': right('public'),
  'installation.show': right('any', ...EVERYONE),
  'overview.show': right('device', ...EVERYONE),

  'session.create': right('public'),
  'session.show': right('self'),
  'session.delete': right('self'),
  'invitations.redeem': right('public'),
  'provider.show': right('public'),
  'provider.begin': right('public'),
  /** Completes a sign-in, a step-up or a link. The last two also need the session that began them. */
  'provider.finish': right('public'),
  'provider.step-up': right('self'),
  'provider.link': right('self'),
  'provider.unlink': right('self'),
  'cli-sign-in.begin': right('public'),
  'cli-sign-in.finish': right('public'),
  'cli-sign-in.show': right('self'),
  'cli-sign-in.approve': right('self'),
  'cli-sign-in.decline': right('self'),
  'session.step-up': right('self'),
  'session.step-up-challenge': right('self'),
  'session.passkey-challenge': right('public'),
  'session.create-by-passkey': right('public'),
  'passkeys.list': right('self'),
  'passkeys.options': right('self'),
  'passkeys.register': right('self'),
  'passkeys.delete': right('self'),
  'recovery-codes.replace': right('self'),
  'sessions.list': right('self'),
  'sessions.delete': right('self'),
  'tokens.list': right('self'),
  'tokens.create': right('self'),
  'tokens.delete': right('self'),
  'address.send-link': right('self'),
  'address.verify': right('self'),

  'accounts.list': right('whole', 'owner', 'auditor'),
  'accounts.create': right('whole', 'owner'),
  'accounts.update': right('whole', 'owner'),
  'accounts.invite': right('whole', 'owner'),
  'accounts.unlink': right('whole', 'owner'),
  'access.list': right('whole', 'owner', 'auditor'),
  'access.end-session': right('whole', 'owner'),
  'access.end-token': right('whole', 'owner'),
  'access.end-account': right('whole', 'owner'),
  'grants.create': right('whole', 'owner'),
  'grants.delete': right('whole', 'owner'),
  'rights.list': right('any', ...EVERYONE),
  'roles.list': right('any', ...EVERYONE),
  /** Right to see the versions of a custom role and the accounts and tokens that have it. */
  'roles.show': right('whole', 'owner', 'auditor'),
  'roles.create': right('whole', 'owner'),
  'roles.update': right('whole', 'owner'),
  'roles.delete': right('whole', 'owner'),

  /**
   * Rights to read, confirm and decline destructive actions that wait for a second person. To decide on another person's action, the caller
   * also needs the right to perform this action.
   */
  'actions.list': right('any', 'owner', 'fleet', 'helpdesk', 'legal'),
  'actions.show': right('any', 'owner', 'fleet', 'helpdesk', 'legal'),
  'actions.confirm': right('any', 'owner', 'fleet', 'helpdesk', 'legal'),
  'actions.decline': right('any', 'owner', 'fleet', 'helpdesk', 'legal'),

  'approver-keys.list': right('any', 'owner', 'legal', 'auditor'),
  'approver-keys.register': right('any', 'owner', 'legal'),
  'approvers.show': right('any', ...EVERYONE),
  'approvers.propose': right('whole', 'owner', 'legal'),
  'approvers.sign': right('any', 'owner', 'legal'),

  'time-corrections.list': right('any', ...EVERYONE),
  'time-corrections.publish': right('whole', 'owner', 'legal'),
  'time-corrections.propose': right('whole', 'owner', 'legal'),
  'time-corrections.sign': right('any', 'owner', 'legal'),

  'groups.list': right('device', ...EVERYONE),
  'groups.show': right('device', ...EVERYONE),
  /** Every role has this right, because the response contains only names and explanations of facts, without data of a device. */
  'groups.facts': right('any', ...EVERYONE),
  /** This right is limited to roles that may also see locations, because expressions may use locations. */
  'groups.preview': right('device', 'owner', 'fleet'),
  'groups.change-members': right('device', 'owner', 'fleet'),
  /** Only an owner may make a dynamic group trusted. Facts that devices report then decide about roles and exemptions (ADR 67). */
  'groups.trust': right('whole', 'owner'),
  'groups.create': right('whole', 'owner', 'fleet'),
  'groups.update': right('whole', 'owner', 'fleet'),
  'groups.delete': right('whole', 'owner', 'fleet'),
  'policies.list': right('any', ...EVERYONE),
  'policies.show': right('any', ...EVERYONE),
  'policies.versions': right('any', ...EVERYONE),
  'policies.version': right('any', ...EVERYONE),
  'policies.compare': right('any', ...EVERYONE),
  'policies.rehearse': right('device', 'owner', 'fleet', 'auditor'),
  'policies.create': right('whole', 'owner', 'fleet'),
  'policies.rename': right('whole', 'owner', 'fleet'),
  'policies.add-version': right('whole', 'owner', 'fleet'),
  'policies.roll-out': right('whole', 'owner', 'fleet'),
  'policies.roll-back': right('whole', 'owner', 'fleet'),
  'policies.assign': right('whole', 'owner', 'fleet'),
  'policies.order': right('whole', 'owner', 'fleet'),
  'policies.delete': right('whole', 'owner', 'fleet'),
  'scripts.list': right('any', ...EVERYONE),
  'scripts.show': right('any', 'owner', 'fleet', 'legal', 'auditor'),
  'scripts.versions': right('any', 'owner', 'fleet', 'legal', 'auditor'),
  'scripts.create': right('whole', 'owner', 'fleet'),
  'scripts.add-version': right('whole', 'owner', 'fleet'),
  /** An approver with any of these roles may review. `server/scripts` checks the approver's key. */
  'scripts.review': right('any', 'owner', 'fleet', 'legal'),
  'scripts.withdraw': right('any', 'owner', 'fleet', 'legal'),
  'scripts.settings': right('any', ...EVERYONE),
  'scripts.switch': right('whole', 'owner'),
  /** Right to run reviewed scripts. The routes that send commands require it in addition to their own. */
  'scripts.run': right('device', 'owner', 'fleet'),
  /** This right is limited, because the output may contain data about the device's user. */
  'scripts.output': right('device', 'owner', 'fleet', 'auditor'),
  'compliance.counts': right('device', ...EVERYONE),
  'compliance.list': right('device', ...EVERYONE),
  'compliance.report': right('device', 'owner', 'fleet', 'auditor'),
  'compliance.show': right('device', ...EVERYONE),
  'compliance.history': right('device', ...EVERYONE),
  /** Right to get a statement for a proxy that admits only devices that comply. An API token of an auditor suffices. */
  'compliance.report-json': right('device', 'owner', 'fleet', 'auditor'),
  'compliance.statement': right('device', 'owner', 'fleet', 'auditor'),
  'compliance.admission': right('device', 'owner', 'fleet', 'auditor'),
  'people.list': right('device', ...EVERYONE),
  'people.show': right('device', ...EVERYONE),
  'people.create': right('device', 'owner', 'fleet', 'helpdesk'),
  'people.update': right('device', 'owner', 'fleet'),
  'codes.create': right('device', 'owner', 'fleet', 'helpdesk'),
  /** Right to create an activation code for a mail connector, which reads all mail of the company. */
  'codes.create-mail-connector': right('whole', 'owner'),
  'codes.list': right('device', 'owner', 'fleet', 'helpdesk', 'auditor'),
  'codes.cancel': right('device', 'owner', 'fleet', 'helpdesk'),

  'devices.names': right('device', ...EVERYONE),
  'devices.labels': right('device', ...EVERYONE),
  'devices.list': right('device', ...EVERYONE),
  /** The file contains only devices and columns that the caller may also list. */
  'devices.export': right('device', ...EVERYONE),
  /** Saved views of the device list. A view contains a filter and no devices: each reader gets the devices of the reader's own scope. */
  'device-views.list': right('any', ...EVERYONE),
  'device-views.create': right('any', ...EVERYONE),
  'device-views.update': right('any', ...EVERYONE),
  'device-views.delete': right('any', ...EVERYONE),
  'device-columns.save': right('any', ...EVERYONE),
  /** Right to share a view with all admins, and to delete shared views of others. */
  'device-views.share': right('any', 'owner', 'fleet'),
  'devices.show': right('device', ...EVERYONE),
  'devices.update': right('device', 'owner', 'fleet'),
  'devices.verdict': right('device', ...EVERYONE),
  'devices.evidence': right('device', 'owner', 'fleet', 'legal', 'auditor'),
  'devices.explain': right('device', 'owner', 'fleet', 'legal', 'auditor'),
  'devices.certificates': right('device', ...EVERYONE),
  'devices.inventory': right('device', ...EVERYONE),
  /** Right to see the local users and the network of a device, for roles that help its user. The device list needs it for such columns. */
  'devices.personal-inventory': right('device', 'owner', 'fleet', 'helpdesk'),
  'devices.software': right('device', ...EVERYONE),
  'devices.advisories': right('device', ...EVERYONE),
  'devices.facts': right('device', 'owner', 'fleet', 'auditor'),
  'devices.receipts': right('device', 'owner', 'fleet', 'legal', 'auditor'),
  'devices.revoke': right('device', 'owner', 'fleet'),
  'devices.revoke-many': right('device', 'owner', 'fleet'),
  /** Also needs the rights to create codes, and to update and revoke devices. */
  'devices.reassign': right('device', 'owner', 'fleet'),
  'devices.running-changes': right('self'),
  'devices.preview-reassignment': right('device', 'owner', 'fleet'),
  /** A retired device's record is deleted after the retention period. */
  'devices.retire': right('device', 'owner', 'fleet'),
  'devices.mark-missing': right('device', 'owner', 'fleet', 'helpdesk'),
  'devices.mark-found': right('device', 'owner', 'fleet', 'helpdesk'),
  /** A display name decides nothing. */
  'devices.rename': right('device', 'owner', 'fleet', 'helpdesk'),
  /** Labels decide about dynamic groups, and so about policies. */
  'devices.label': right('device', 'owner', 'fleet'),
  'devices.place': right('device', 'owner', 'fleet'),
  /** Members of static groups decide about policies, scopes and exemptions. */
  'devices.add-to-group': right('device', 'owner', 'fleet'),
  'devices.remove-from-group': right('device', 'owner', 'fleet'),
  'devices.preview-action': right('device', 'owner', 'fleet', 'helpdesk', 'legal'),
  'software.list': right('device', ...EVERYONE),
  'software.show': right('device', ...EVERYONE),
  'software.devices': right('device', ...EVERYONE),
  'software.csv': right('device', 'owner', 'fleet', 'auditor'),
  'software.devices-csv': right('device', 'owner', 'fleet', 'auditor'),
  'advisories.list': right('device', ...EVERYONE),
  'advisories.show': right('device', ...EVERYONE),
  'advisories.devices': right('device', ...EVERYONE),
  'advisories.devices-csv': right('device', 'owner', 'fleet', 'auditor'),
  /** Right for the whole installation, because imported advisories concern the whole fleet. */
  'advisories.import': right('whole', 'owner', 'fleet'),
  'inventory-sections.show': right('any', ...EVERYONE),
  'inventory-sections.change': right('whole', 'owner'),
  'messaging-keys.list': right('device', 'owner', 'fleet'),
  'messaging-keys.countersign': right('device', 'owner', 'fleet'),
  'commands.issue': right('device', 'owner', 'fleet', 'helpdesk'),
  'commands.issue-many': right('device', 'owner', 'fleet', 'helpdesk'),
  /**
   * Right to send commands that destroy data, such as a wipe. The routes that send commands require this right in addition to their own.
   */
  'commands.destroy': right('device', 'owner', 'fleet'),
  /** Right to change software of devices. The routes that send commands require this right in addition to their own. */
  'commands.change-software': right('device', 'owner', 'fleet'),
  /** Right to restart devices and to shut them down. The routes that send commands require this right in addition to their own. */
  'commands.power': right('device', 'owner', 'fleet'),
  /** Rights to send files to devices and to fetch files from them. The routes that send commands require them in addition to their own. */
  'commands.push-file': right('device', 'owner', 'fleet'),
  'commands.fetch-file': right('device', 'owner', 'fleet'),
  'commands.list': right('device', ...EVERYONE),
  'commands.show': right('device', ...EVERYONE),
  'commands.cancel': right('device', 'owner', 'fleet', 'helpdesk'),
  'jobs.list': right('device', ...EVERYONE),
  'jobs.show': right('device', ...EVERYONE),
  'jobs.devices': right('device', ...EVERYONE),
  'jobs.export': right('device', 'owner', 'fleet', 'helpdesk', 'auditor'),
  /** Rights to control jobs. All devices of the job must be in the scope. */
  'jobs.pause': right('device', 'owner', 'fleet', 'helpdesk'),
  'jobs.resume': right('device', 'owner', 'fleet', 'helpdesk'),
  'jobs.abort': right('device', 'owner', 'fleet', 'helpdesk'),
  'device-logs.list': right('device', 'owner', 'fleet', 'helpdesk'),
  'device-logs.download': right('device', 'owner', 'fleet', 'helpdesk'),
  /** Rights to live queries, for the roles of `devices.personal-inventory`. An account reads only the answers to its own queries. */
  'live-queries.ask': right('device', 'owner', 'fleet', 'helpdesk'),
  'live-queries.list': right('device', 'owner', 'fleet', 'helpdesk'),
  'live-queries.show': right('device', 'owner', 'fleet', 'helpdesk'),
  'live-queries.answers': right('device', 'owner', 'fleet', 'helpdesk'),
  'live-queries.export': right('device', 'owner', 'fleet', 'helpdesk'),
  'live-queries.remove': right('device', 'owner', 'fleet', 'helpdesk'),
  'lost-mode.show': right('device', ...EVERYONE),
  'lost-mode.start': right('device', 'owner', 'fleet'),
  /** Right to see the coordinates of a device in lost mode. No other right shows coordinates. */
  'lost-mode.locate': right('device', 'owner', 'fleet'),
  'lost-mode.end': right('device', 'owner', 'fleet', 'helpdesk'),
  /** The routes for many devices require the right for one device in addition. */
  'lost-mode.start-many': right('device', 'owner', 'fleet'),
  'lost-mode.end-many': right('device', 'owner', 'fleet', 'helpdesk'),
  'packages.list': right('any', ...EVERYONE),
  'packages.show': right('any', ...EVERYONE),
  'packages.upload': right('whole', 'owner', 'fleet'),
  /** Right to sign packages. Only a key of the current approver set signs. */
  'packages.sign': right('any', 'owner', 'legal'),
  'packages.delete': right('whole', 'owner', 'fleet'),
  'update-channels.list': right('any', ...EVERYONE),
  /** Right to choose the version of the agent on all devices of a channel. An approver has signed the package. */
  'update-channels.publish': right('whole', 'owner', 'fleet'),
  /** Files for devices. Their content may concern a few people, so that only the roles that send files list them. */
  'files.list': right('any', 'owner', 'fleet'),
  'files.upload': right('whole', 'owner', 'fleet'),
  'files.delete': right('whole', 'owner', 'fleet'),
  'fetched-files.list': right('device', 'owner', 'fleet'),
  'fetched-files.download': right('device', 'owner', 'fleet'),
  'alerts.list': right('device', ...EVERYONE),
  'alerts.acknowledge': right('device', 'owner', 'fleet', 'helpdesk'),
  'events.listen': right('self'),

  'orders.list': right('any', ...EVERYONE),
  'orders.show': right('any', ...EVERYONE),
  'orders.revision': right('any', ...EVERYONE),
  'orders.propose': right('areas', 'owner', 'legal'),
  'orders.revise': right('areas', 'owner', 'legal'),
  'orders.approve': right('areas', 'owner', 'legal'),
  'orders.record': right('areas', 'owner', 'legal'),
  'orders.retract': right('areas', 'owner', 'legal'),
  'orders.decline': right('areas', 'owner', 'legal'),
  'orders.confirm-replacement': right('areas', 'owner', 'legal'),
  /**
   * Right to read the legal basis of a withheld order, whose text is not public for now (ADR 43). The order's proposer and approvers do not
   * need this right.
   */
  'orders.read-withheld': right('areas', 'owner', 'legal'),
  'orders.readings': right('areas', 'owner', 'legal', 'auditor'),
  'orders.affected': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.exemptions': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.statements': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.receipts': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  /**
   * Right to upload documents. The roles are those that may propose orders: a new document belongs to no order yet, so the server cannot
   * check areas.
   */
  'order-documents.upload': right('areas', 'owner', 'legal'),
  'order-documents.read': right('areas', 'owner', 'legal'),
  'orders.decision': right('areas', 'owner', 'legal', 'auditor'),
  'orders.pack': right('areas', 'owner', 'legal', 'auditor'),
  'orders.packs': right('areas', 'owner', 'legal', 'auditor'),
  'orders.pack-names': right('areas', 'owner', 'legal'),
  'orders.preview': right('areas', 'owner', 'legal'),
  'orders.impact': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.impact-csv': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.impact-names': right('areas', 'owner', 'legal'),
  'orders.warnings': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.rollout': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.exit': right('areas', 'owner', 'fleet', 'legal', 'auditor'),

  /** Right to manage legal holds. It applies to the whole organization, because a legal hold on a user covers devices in every group. */
  'legal-holds.list': right('whole', 'owner', 'legal', 'auditor'),
  'legal-holds.place': right('whole', 'owner', 'legal'),
  'legal-holds.place-many': right('whole', 'owner', 'legal'),
  'legal-holds.release': right('whole', 'owner', 'legal'),

  /**
   * Rights of the disclosure desk (ADR 54). Only the role `legal` handles requests. An owner has none of these rights, so that an owner's
   * account alone discloses nothing. An auditor reads counts and reasons, and sees no account.
   */
  'disclosures.form': right('whole', 'legal', 'auditor'),
  'disclosures.list': right('whole', 'legal', 'auditor'),
  'disclosures.show': right('whole', 'legal', 'auditor'),
  'disclosures.refusals': right('whole', 'legal', 'auditor'),
  'disclosures.upload': right('whole', 'legal'),
  'disclosures.document': right('whole', 'legal'),
  'disclosures.draft': right('whole', 'legal'),
  'disclosures.narrow': right('whole', 'legal'),
  'disclosures.preview': right('whole', 'legal'),
  'disclosures.approve': right('whole', 'legal'),
  'disclosures.produce': right('whole', 'legal'),
  'disclosures.download': right('whole', 'legal'),
  'disclosures.refuse': right('whole', 'legal'),
  'disclosures.record-refusal': right('whole', 'legal'),
  'authorities.list': right('whole', 'legal', 'auditor'),
  'authorities.add': right('whole', 'legal'),
  'authorities.confirm': right('whole', 'legal'),
  'authorities.revoke': right('whole', 'legal'),
  'transparency.report': right('any', ...EVERYONE),
  'transparency.statements': right('whole', 'owner', 'legal', 'auditor'),
  'transparency.propose': right('whole', 'legal'),
  'transparency.sign': right('whole', 'legal'),
  /** Right to see the mail connectors and numbers of mail. The numbers name no person. */
  'mail.show': right('whole', 'owner', 'fleet', 'legal', 'auditor'),

  /**
   * Rights to the activity log. Without `activity.read-all`, an admin reads only changes and events of the devices in the scope of the role,
   * without network addresses.
   */
  'activity.list': right('device', 'owner', 'fleet', 'helpdesk', 'auditor'),
  'activity.export': right('device', 'owner', 'fleet', 'helpdesk', 'auditor'),
  'activity.read-all': right('whole', 'owner', 'auditor'),
  'ledger.checkpoint': right('any', ...EVERYONE),
  'ledger.entries': right('any', ...EVERYONE),
  'ledger.inclusion': right('any', ...EVERYONE),
  'ledger.consistency': right('any', ...EVERYONE),
  'ledger.witnesses': right('any', ...EVERYONE),
  /** Right to recognize the ledger entries about one person or device. The public ledger has only salted hashes. */
  'ledger.openings': right('whole', 'owner', 'auditor'),
  /** Rights to notifications. They name devices and people of the whole organization, and leave the installation. */
  'notification-rules.list': right('whole', 'owner', 'auditor'),
  'notification-rules.create': right('whole', 'owner'),
  'notification-rules.update': right('whole', 'owner'),
  'notification-rules.delete': right('whole', 'owner'),
  'notification-channels.list': right('whole', 'owner', 'auditor'),
  'notification-channels.create': right('whole', 'owner'),
  'notification-channels.delete': right('whole', 'owner'),
  'notification-channels.rotate-secret': right('whole', 'owner'),
  'notification-channels.test': right('whole', 'owner'),
  'notification-deliveries.list': right('whole', 'owner', 'auditor'),
  'notification-deliveries.replay': right('whole', 'owner'),
  'areas.list': right('any', ...EVERYONE),
  /**
   * Right to change named areas (groups of countries and polygons) for use in orders. If the scope of a role is limited, the scope must
   * contain all countries of the named area, both before and after the change.
   */
  'areas.define': right('areas', 'owner', 'legal'),
  'areas.import': right('areas', 'owner', 'legal'),
  'areas.remove': right('areas', 'owner', 'legal'),
  /**
   * Rights to territory policies, which assign disputed territories to countries. A policy only sets defaults for new orders, so a change
   * of the policy affects no signed order.
   */
  'territory-policies.list': right('any', ...EVERYONE),
  'territory-policies.import': right('whole', 'owner', 'legal'),
  'territory-policies.compare': right('whole', 'owner', 'fleet', 'legal', 'auditor'),
  'territory-policies.rollback': right('whole', 'owner', 'legal'),
  'territory-policies.activate': right('whole', 'owner', 'legal'),
  'ip-databases.list': right('any', 'owner', 'fleet', 'legal', 'auditor'),
  'ip-databases.import': right('whole', 'owner', 'fleet'),
  'ip-databases.compare': right('whole', 'owner', 'fleet', 'legal', 'auditor'),
  'ip-databases.rollback': right('whole', 'owner', 'fleet'),
  'ip-databases.activate': right('whole', 'owner', 'fleet'),
  'recovery.show': right('whole', 'owner', 'fleet', 'legal', 'auditor'),
  'recovery.readmit': right('whole', 'owner', 'fleet'),
  'recovery.reject': right('whole', 'owner', 'fleet'),
  'recovery.resume-ledger': right('whole', 'owner'),
  /**
   * Right to see proposed continuations of the ledger. Every role has it, because an approver may have any role and must see what to sign.
   */
  'recovery.continuations': right('any', ...EVERYONE),
  'recovery.continue-ledger': right('whole', 'owner'),
  'recovery.sign-continuation': right('any', 'owner', 'legal'),
  'recovery.close': right('whole', 'owner'),
  'backup.create': right('whole', 'owner', 'backup'),
  /** Right to create a backup of the keys of people, a second file. Alone, neither file shows the encrypted records of a person. */
  'backup.create-keys': right('whole', 'owner', 'backup'),
  /**
   * Right to choose the recipient of a backup, who can decrypt all data. Without this right, `backup.create` uses the configured recipient.
   */
  'backup.export': right('whole', 'owner'),

  'demo.show': right('self'),
  'demo.jump': right('self'),
  'demo.message': right('self'),
  'demo.session': right('public'),
} as const satisfies Record<string, Right>;

export type RightName = keyof typeof RIGHTS;
/** Rights that depend on a role. Every account has the other rights. */
export type GrantableName = {
  [Name in RightName]: (typeof RIGHTS)[Name]['scope'] extends 'public' | 'self' ? never : Name;
}[RightName];
export const RIGHT_NAMES = Object.keys(RIGHTS) as RightName[];
/** Rights that belong to no single route. A handler requires them, depending on the request. */
export const RIGHTS_WITHOUT_ROUTE = [
  'commands.destroy',
  'scripts.run',
  'commands.change-software',
  'commands.power',
  'commands.push-file',
  'commands.fetch-file',
  'backup.export',
  'orders.read-withheld',
  'codes.create-mail-connector',
  'activity.read-all',
  'devices.personal-inventory',
  'device-views.share',
] as const satisfies readonly RightName[];
export type RouteName = Exclude<RightName, (typeof RIGHTS_WITHOUT_ROUTE)[number]>;
