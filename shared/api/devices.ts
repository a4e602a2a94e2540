import { z } from 'zod';
import { LISTED_LIFE_CYCLES } from '../devices/device-marks.ts';
import { displayNameSchema } from '../devices/display-name.ts';
import { labelSchema } from '../devices/labels.ts';
import { inventorySchema } from '../inventory/inventory.ts';
import { columnsSchema, conditionsSchema, LIST_FACTS, reportedFieldSchema } from '../inventory/list-fields.ts';
import { NOTICE_MOMENTS, RECEIPT_KINDS } from '../order/documents.ts';
import { COMPLIANCE_STATES } from '../policy/compliance-states.ts';
import { deviceIdSchema, groupIdSchema, personIdSchema } from '../protocol/ids.ts';
import { EVIDENCE_SOURCES, REASONS, SERVICES } from '../verdict/terms.ts';
import { PASSCODE_STATES } from '../workspace/passcode-state.ts';
import { deviceMembership } from './groups.ts';
import { usedDatabase } from './ip-databases.ts';
import { evidenceAreaText, homeAreaText, instant } from './wire.ts';

export const deviceParams = z.object({ id: deviceIdSchema });

const flag = z.stringbool({ truthy: ['true'], falsy: ['false'] });

export const MOST_WORDS = 8;
/** Maximum number of characters in a search text. */
export const LONGEST_SEARCH = 120;

/** Value in a query as JSON. Text that is not JSON stays as it is, so that the next schema refuses it. */
const jsonText = z
  .string()
  .max(4_000)
  .transform((text): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  });

/** Sort order: a field of the list, or a fact of the inventory. */
export const deviceSort = z.enum(['id', 'user', 'enrolled', 'seen', ...LIST_FACTS]);

/** Filter of device lists and of commands to many devices. Commands go only to the active devices among the matching ones. */
export const narrowing = {
  /**
   * Search text of at most 8 words. Each word must be in the user's name, the display name, the host name, the serial number or the
   * network address, or must begin the device id. The order of the words does not matter. Only roles that see locations search network
   * addresses.
   */
  text: z
    .string()
    .trim()
    .min(1)
    .max(LONGEST_SEARCH)
    .refine((text) => text.split(/\s+/).length <= MOST_WORDS, `has more than ${MOST_WORDS} words`)
    .optional(),
  /** Conditions on fields of the inventory and of the server's records, of which all must be true. In a query, the list is JSON. */
  where: z.union([conditionsSchema, jsonText.pipe(conditionsSchema)]).optional(),
  compliance: z.enum(COMPLIANCE_STATES).optional(),
  group: groupIdSchema.optional(),
  person: personIdSchema.optional(),
  /** Area in which the device is, or may be if its location is ambiguous. */
  area: evidenceAreaText.optional(),
  /** Filter for offline devices that have sent no data since this time, in Unix milliseconds. */
  seenBefore: z.coerce.number().int().min(0).optional(),
  /**
   * Filter for devices whose stored order list has a lower version than the given number. Devices that have never connected do not match.
   */
  listBelow: z.coerce.number().int().min(1).optional(),
  /** Label of the devices. Case does not matter. */
  label: labelSchema.optional(),
  lifeCycle: z.enum(LISTED_LIFE_CYCLES).optional(),
};

export const deviceStatus = z.enum(['active', 'revoked', 'unenrolled']);
export const workspaceState = z.enum(['open', 'passcode', 'locked', 'wiped']);

const listed = {
  ...narrowing,
  status: deviceStatus.optional(),
  connected: flag.optional(),
  everConnected: flag.optional(),
  located: flag.optional(),
  /** Filter by the device's messaging key. `false` selects devices whose messaging key the organization has not countersigned. */
  countersigned: flag.optional(),
  workspace: workspaceState.optional(),
  /** Columns to show, separated by commas. The response has the values of those that are facts of the inventory in `facts`. */
  columns: z
    .string()
    .max(600)
    .transform((text) => text.split(','))
    .pipe(columnsSchema)
    .optional(),
  sort: deviceSort.default('user'),
  descending: flag.default(false),
};
export const deviceExportQuery = z.strictObject(listed);

export const deviceQuery = z
  .strictObject({
    ...listed,
    limit: z.coerce.number().int().min(1).max(200).default(50),
    /** Cursor of the next page. Devices that are added or removed between two requests do not shift the page. */
    cursor: z.string().max(1000).optional(),
    /** Number of devices to skip, for a table that jumps to any position. */
    offset: z.coerce.number().int().min(0).max(10_000_000).optional(),
  })
  .refine(({ cursor, offset }) => cursor === undefined || offset === undefined, 'give a cursor or an offset');

export const MOST_NAMES = 200;
export const deviceNamesQuery = z.strictObject({
  ids: z
    .string()
    .max(40 * MOST_NAMES)
    .transform((text) => text.split(','))
    .pipe(z.array(deviceIdSchema).min(1).max(MOST_NAMES)),
});
/** Names of the requested devices, by device id. Devices outside the caller's scope are omitted. */
export const deviceNames = z.object({
  devices: z.record(
    z.string(),
    z.object({ user: z.string(), hostname: z.string().nullable(), displayName: z.string().nullable() }),
  ),
});

/** Labels in use, with the numbers of devices within the caller's scope. At most `MOST_LISTED_LABELS`, the most frequent first. */
export const MOST_LISTED_LABELS = 1_000;
export const labelList = z.object({ labels: z.array(z.object({ label: z.string(), devices: z.int() })) });

const statementView = z.object({
  kind: z.enum(['presence', 'home']),
  areas: z.array(z.string()).readonly(),
  reason: z.string(),
  at: instant,
  until: instant,
  by: z.string().optional(),
  confirmedBy: z.string().nullish(),
});

export const deviceView = z.object({
  id: deviceIdSchema,
  generation: z.int(),
  status: z.enum(['active', 'revoked', 'unenrolled']),
  person: personIdSchema,
  user: z.string(),
  /** Primary group, which gives the device its default home area and legal seat. */
  group: z.object({ id: groupIdSchema, name: z.string() }),
  /** Home area that applies to the device: from a location statement, otherwise the device's own, otherwise the group's. */
  home: z.string().nullable(),
  seat: z.string().nullable(),
  own: z.object({ home: z.string().nullable(), seat: z.string().nullable() }),
  statement: statementView.nullable(),
  /** Whether a legal hold on the device or its user forbids the deletion of data. */
  underLegalHold: z.boolean(),
  /** Whether the device is a mail connector, which reads all mail of the company. */
  mailConnector: z.boolean(),
  enrolledAt: instant,
  endedAt: instant.nullable(),
  hostname: z.string().nullable(),
  /** Name that an admin gave the device; null without one. */
  displayName: z.string().nullable(),
  platform: z.string().nullable(),
  /**
   * State of the device's workspace (encrypted folder with work data), as the device reported it. `since`: start of this state; null before
   * the first report after enrollment.
   */
  workspace: z.object({ state: workspaceState, since: instant.nullable() }),
  /** Passcode of the workspace: none, set, or the workspace has waited for it for at least an hour. */
  passcode: z.enum(PASSCODE_STATES),
  /**
   * State in the life cycle. `ended`: the enrollment has ended, and the device may enroll again. `retired`: an admin decided that the device
   * is out of use. The server deletes its record later.
   */
  lifeCycle: z.enum(['active', 'locked', 'wiped', 'missing', 'ended', 'retired', 'deleted']),
  missingSince: instant.nullable(),
  retiredAt: instant.nullable(),
  /** Time after which the server deletes the record of a retired device, unless a legal hold keeps it. */
  deletedAfter: instant.nullable(),
  labels: z.array(z.string()).readonly(),
  /** Whether lost mode is on. */
  lostMode: z.boolean(),
  /** Presence of the device; null before its first connection. */
  presence: z
    .object({
      connected: z.boolean(),
      changedAt: instant,
      lastSeenAt: instant,
      address: z.string().nullable(),
      agent: z.string().nullable(),
      listVersion: z.int(),
      recordStored: z.int(),
      approverSetVersion: z.int(),
    })
    .nullable(),
});
export type DeviceView = z.infer<typeof deviceView>;
/**
 * Device in a list of devices. `areas`: areas in which the device is or may be; empty if unknown, null if the caller's role does not show
 * locations.
 */
export const listedDevice = deviceView.extend({
  areas: z.array(z.string()).nullable(),
  /** Values of the requested columns. Absent without columns. A fact that the server does not know is null. */
  facts: z
    .partialRecord(
      reportedFieldSchema,
      z.union([z.string(), z.number(), z.boolean(), z.array(z.string()).readonly()]).nullable(),
    )
    .optional(),
});
export type ListedDevice = z.infer<typeof listedDevice>;
export const devicePage = z.object({ devices: z.array(listedDevice), cursor: z.string().nullable(), total: z.int() });
export const deviceDetail = deviceView.extend({
  inventory: inventorySchema.nullable(),
  /** All groups of the device that the caller's role includes, with the reason of each membership. */
  groups: z.array(deviceMembership),
});

export const deviceChange = z
  .strictObject({
    home: homeAreaText.nullable().optional(),
    seat: homeAreaText.nullable().optional(),
    group: groupIdSchema.optional(),
    /** Admin's statement about the device's location or home area, valid until `until`. Null removes the statement. */
    statement: z
      .strictObject({
        kind: z.enum(['presence', 'home']).default('presence'),
        areas: z.array(homeAreaText).min(1).max(16),
        reason: z.string().trim().min(1).max(500),
        until: instant,
      })
      .nullable()
      .optional(),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'changes nothing');

/** New display name of a device; null removes the name. */
export const deviceRename = z.strictObject({ name: displayNameSchema.nullable() });

/** Revocation reasons of RFC 5280, section 5.3.1. */
export const revocation = z.strictObject({
  reason: z.enum(['unspecified', 'keyCompromise', 'cessationOfOperation', 'privilegeWithdrawn']).default('unspecified'),
});

export const serviceVerdict = z.object({
  allowed: z.boolean(),
  denials: z.array(z.object({ order: z.string(), revision: z.int(), reasons: z.array(z.enum(REASONS)) })),
  reasons: z.array(z.enum(REASONS)),
});
export const verdictView = z.object({
  device: deviceIdSchema,
  services: z.record(z.enum(SERVICES), serviceVerdict),
  nextChange: instant.nullable(),
});

export const locationView = z.object({
  certainty: z.enum(['certain', 'probable', 'unknown']),
  areas: z.array(z.string()),
  source: z.string().nullable(),
  disagree: z.array(z.string()),
  network: z.array(z.string()).nullable(),
});

export const evidenceView = z.object({
  location: locationView,
  statement: statementView.nullable(),
  /** Newest evidence of each source, in order of precedence. */
  sources: z.array(
    z.object({
      source: z.enum(EVIDENCE_SOURCES),
      areas: z.array(z.string()),
      /**
       * Times of observations from one source of location evidence. `at`: time of the newest observation. `since`: time of the first
       * observation that named the same areas as the newest one.
       */
      at: instant,
      since: instant,
      /** Expiry of the evidence; null if the evidence stays valid as long as the device is connected. */
      until: instant.nullable(),
      fresh: z.boolean(),
    }),
  ),
  observations: z.array(
    z.object({
      source: z.string(),
      areas: z.array(z.string()),
      at: instant,
      detail: z.string(),
      database: usedDatabase.nullable(),
    }),
  ),
});

export const certificateList = z.object({
  certificates: z.array(
    z.object({
      serial: z.string(),
      fingerprint: z.string(),
      profile: z.string(),
      generation: z.int().nullable(),
      notBefore: instant,
      notAfter: instant,
      revokedAt: instant.nullable(),
      supersededAt: instant.nullable(),
    }),
  ),
});

export const deviceReceiptList = z.object({
  receipts: z.array(
    z.object({
      order: z.string(),
      revision: z.int(),
      kind: z.enum(RECEIPT_KINDS),
      service: z.string().nullable(),
      gate: z.string().nullable(),
      /**
       * Planned notice to the user that the receipt confirms, such as `P7D` (seven days before an order takes effect). Absent from a
       * receipt that concerns no notice.
       */
      notice: z.enum(NOTICE_MOMENTS).optional(),
      at: z.string(),
    }),
  ),
});

export const alertQuery = z.strictObject({
  device: deviceIdSchema.optional(),
  /**
   * Filter by the subject of an alert. `installation` selects alerts that concern no single device. Only admins whose role covers the whole
   * fleet receive those alerts.
   */
  about: z.enum(['installation', 'devices']).optional(),
  acknowledged: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  since: z.coerce.number().int().min(0).optional(),
  before: z.coerce.number().int().min(1).optional(),
  /** `grave` selects only alerts that may mean an attack. */
  severity: z.enum(['grave']).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const alertParams = z.strictObject({ id: z.coerce.number().int().min(1) });
export const alertList = z.object({
  alerts: z.array(
    z.object({
      id: z.int(),
      /** Time of the newest of the repeated alerts that one entry of the list combines. `detail` describes this newest alert. */
      at: instant,
      firstAt: instant,
      /**
       * Number of alerts that one entry of the list combines: alerts with the same code from the same device within 24 hours. Alerts that
       * may mean an attack are combined only if their `detail` is equal too.
       */
      count: z.int().min(1),
      severity: z.enum(['grave', 'ordinary']),
      device: deviceIdSchema.nullable(),
      code: z.string(),
      detail: z.string(),
      /** Acknowledgment of the alert; null if no admin has acknowledged it. A repeated alert needs a new acknowledgment. */
      acknowledged: z.object({ at: instant, by: z.string() }).nullable(),
    }),
  ),
});
export type AlertView = z.output<typeof alertList>['alerts'][number];
