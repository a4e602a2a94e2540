/** Devices, their verdicts and evidence, and alarms. */
import { z } from 'zod';
import { NOTICE_MOMENTS, RECEIPT_KINDS } from '../order/documents.ts';
import { inventorySchema } from '../protocol/frames.ts';
import { deviceIdSchema, groupIdSchema, personIdSchema } from '../protocol/ids.ts';
import { EVIDENCE_SOURCES, REASONS, SERVICES } from '../verdict/terms.ts';
import { usedDatabase } from './ip-databases.ts';
import { instant, placeText, whereText } from './wire.ts';

export const deviceParams = z.object({ id: deviceIdSchema });

const flag = z.stringbool({ truthy: ['true'], falsy: ['false'] });

/** What narrows a list of devices, and a command to many: the same devices in both, but that a command reaches active ones only. */
export const narrowing = {
  /** Part of the user's name, the host name or the id. */
  text: z.string().trim().min(1).max(120).optional(),
  group: groupIdSchema.optional(),
  person: personIdSchema.optional(),
  /** Where the device is, or may be. */
  area: whereText.optional(),
};

export const deviceQuery = z
  .strictObject({
    ...narrowing,
    status: z.enum(['active', 'revoked', 'unenrolled']).optional(),
    connected: flag.optional(),
    sort: z.enum(['id', 'user', 'enrolled', 'seen']).default('user'),
    descending: flag.default(false),
    limit: z.coerce.number().int().min(1).max(200).default(50),
    /** Pages one after the other, whatever changes meanwhile. */
    cursor: z.string().max(1000).optional(),
    /** A place in the whole list instead, for a table that jumps. */
    offset: z.coerce.number().int().min(0).max(10_000_000).optional(),
  })
  .refine(({ cursor, offset }) => cursor === undefined || offset === undefined, 'give a cursor or an offset');

const statementView = z.object({
  kind: z.enum(['presence', 'home']),
  areas: z.array(z.string()).readonly(),
  reason: z.string(),
  at: instant,
  until: instant,
});

export const deviceView = z.object({
  id: deviceIdSchema,
  generation: z.int(),
  status: z.enum(['active', 'revoked', 'unenrolled']),
  person: personIdSchema,
  /** The person's name. */
  user: z.string(),
  group: z.object({ id: groupIdSchema, name: z.string() }),
  /** What a statement says, or else its own, or else its group's. */
  home: z.string().nullable(),
  seat: z.string().nullable(),
  own: z.object({ home: z.string().nullable(), seat: z.string().nullable() }),
  statement: statementView.nullable(),
  /** A legal hold on the device or on its person is in effect: nothing is destroyed. */
  underHold: z.boolean(),
  enrolledAt: instant,
  endedAt: instant.nullable(),
  hostname: z.string().nullable(),
  platform: z.string().nullable(),
  /** Null until it has connected for the first time. */
  presence: z
    .object({
      connected: z.boolean(),
      changedAt: instant,
      lastSeenAt: instant,
      address: z.string().nullable(),
      agent: z.string().nullable(),
      listVersion: z.int(),
      recordStored: z.int(),
      rootVersion: z.int(),
    })
    .nullable(),
});
export type DeviceView = z.infer<typeof deviceView>;
/** In a list it says where the device is, or may be; nothing when that is not known. */
export const listedDevice = deviceView.extend({ areas: z.array(z.string()) });
export type ListedDevice = z.infer<typeof listedDevice>;
/** `cursor` is given back for the next page; null at the end. `total`: how many the filter lets through, whatever the page. */
export const devicePage = z.object({ devices: z.array(listedDevice), cursor: z.string().nullable(), total: z.int() });
export const deviceDetail = deviceView.extend({ inventory: inventorySchema.nullable() });

export const deviceChange = z
  .strictObject({
    home: placeText.nullable().optional(),
    seat: placeText.nullable().optional(),
    group: groupIdSchema.optional(),
    /** An admin's word on where the device is, or its home, until `until` (Unix milliseconds). Null takes it back. */
    statement: z
      .strictObject({
        kind: z.enum(['presence', 'home']).default('presence'),
        areas: z.array(placeText).min(1).max(16),
        reason: z.string().trim().min(1).max(500),
        until: instant,
      })
      .nullable()
      .optional(),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'changes nothing');

/** RFC 5280, section 5.3.1. */
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
  /** The admin's word in force. */
  statement: statementView.nullable(),
  /** The newest word of each source, in the order in which they decide. */
  sources: z.array(
    z.object({
      source: z.enum(EVIDENCE_SOURCES),
      areas: z.array(z.string()),
      /** When it was last said, and since when without another word between. */
      at: instant,
      since: instant,
      /** When it stops counting; null: not while the device is connected. */
      until: instant.nullable(),
      /** Counts now. */
      fresh: z.boolean(),
    }),
  ),
  observations: z.array(
    z.object({
      source: z.string(),
      areas: z.array(z.string()),
      at: instant,
      detail: z.string(),
      /** By which the address was located; null: it is no address. */
      database: usedDatabase.nullable(),
    }),
  ),
});

/** The newest first. */
export const certificateList = z.object({
  certificates: z.array(
    z.object({
      serial: z.string(),
      /** SHA-256 of the DER, hex. */
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

/** The device's own signed words about orders, verified ones only, the newest 500, newest first. */
export const deviceReceiptList = z.object({
  receipts: z.array(
    z.object({
      order: z.string(),
      revision: z.int(),
      kind: z.enum(RECEIPT_KINDS),
      service: z.string().nullable(),
      gate: z.string().nullable(),
      /** Of a notice by the order's plan; absent for a word about the order as such. */
      notice: z.enum(NOTICE_MOMENTS).optional(),
      /** The device's own time. */
      at: z.string(),
    }),
  ),
});

export const alarmQuery = z.strictObject({
  device: deviceIdSchema.optional(),
  /** Below this alarm's id: the next page. */
  before: z.coerce.number().int().min(1).optional(),
  /** Only alarms that may mean an attack. */
  severity: z.enum(['grave']).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const alarmList = z.object({
  alarms: z.array(
    z.object({
      id: z.int(),
      /** The newest of the alarms that this entry counts, as `detail`. */
      at: instant,
      firstAt: instant,
      /** How often a device raised an alarm of this code within a day. */
      count: z.int().min(1),
      severity: z.enum(['grave', 'ordinary']),
      device: deviceIdSchema.nullable(),
      code: z.string(),
      detail: z.string(),
    }),
  ),
});
