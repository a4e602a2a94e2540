/**
 * Requests to the system helper, over its Unix socket. In each connection, the helper sends the line `GREETING`, and the agent sends a line
 * with the helper's token and one JSON line with a request. The helper responds with one JSON line. It runs only the operations in this
 * list, and never a program or script from a request.
 */
import { z } from 'zod';
import { envelopeSchema, sha256Hex } from '../../shared/order/documents.ts';
import { appliedSettingSchema, keptChangeSchema, systemSettingsSchema } from '../../shared/policy/system-settings.ts';
import { commandIdSchema } from '../../shared/protocol/ids.ts';
import {
  changeIdSchema,
  softwareChangeSchema,
  softwareRollbackSchema,
  UPDATE_SCOPES,
} from '../../shared/software/software-change.ts';
import { channelTargetSchema } from '../../shared/software/update-channel.ts';

/** Line after which the token file belongs to the running helper. systemd accepts connections before it starts the helper. */
export const GREETING = 'cordon-agent-system: send the token';

/**
 * File with the token of the running helper, which the group of the socket can read. A script of the organization runs in this group too,
 * but cannot read the folder of the socket (`agent/work/script-isolation.ts`).
 */
export const tokenFile = (socket: string): string => `${socket}.token`;

/** Attempt to make a change: the id of the command. The helper returns the stored result of an attempt that has ended. */
const attempt = commandIdSchema;

export const helperRequestSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('status') }),
  z.strictObject({ op: z.literal('change'), attempt, ...softwareChangeSchema.shape }),
  z.strictObject({ op: z.literal('roll-back'), attempt, ...softwareRollbackSchema.shape }),
  z.strictObject({ op: z.literal('update-os'), attempt, change: changeIdSchema, scope: z.enum(UPDATE_SCOPES) }),
  /** Installs an own package. The bytes of the file follow the line of the request. */
  z.strictObject({ op: z.literal('install-package'), attempt, change: changeIdSchema, envelope: envelopeSchema }),
  /** Complete list of the settings that policies require. The helper reverses each setting that it has applied and that is absent here. */
  z.strictObject({ op: z.literal('apply-settings'), settings: systemSettingsSchema }),
  /**
   * Update of the agent from its channel. The agent sends it in each round of checks. `target`: null if no policy names a channel.
   * `instance`: random value of the agent's process. `connected`: true while the agent is connected to its server.
   */
  z.strictObject({
    op: z.literal('update-agent'),
    target: channelTargetSchema.nullable(),
    instance: z.uuid(),
    connected: z.boolean(),
  }),
  /** Package of the agent that the helper asked for. The bytes of the file follow the line of the request. */
  z.strictObject({ op: z.literal('offer-agent'), envelope: envelopeSchema }),
]);
export type HelperRequest = z.infer<typeof helperRequestSchema>;
export type ChangeRequest = Exclude<
  HelperRequest,
  { op: 'status' | 'apply-settings' | 'update-agent' | 'offer-agent' }
>;

/** Bytes of a token: 32 random bytes in hexadecimal digits. */
export const TOKEN_LENGTH = 64;
export const LONGEST_REQUEST = 256 * 1024;
export const LONGEST_RESPONSE = 256 * 1024;
export const LONGEST_DETAIL = 1800;

/** Reasons for which the helper refuses a request or could not complete a change. */
export const HELPER_CODES = [
  'invalid_input',
  'not_permitted',
  'not_supported',
  'not_found',
  'conflict',
  'busy',
  'failed',
] as const;
export type HelperCode = (typeof HELPER_CODES)[number];

/** Version of one package before and after a change; null if it is not installed. */
export const packageStepSchema = z.strictObject({
  name: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
});
export type PackageStep = z.infer<typeof packageStepSchema>;

export const helperResponseSchema = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('ready'), apt: z.boolean() }),
  z.strictObject({
    outcome: z.literal('settings'),
    settings: z.array(appliedSettingSchema),
    /** Changes that the machine keeps after the end of a policy. Absent without any. */
    kept: z.array(keptChangeSchema).optional(),
  }),
  /**
   * State of the agent's update. `waits`: an installed version waits for a connected agent. `applied`: the helper installed the present
   * version. `needs`: digests of packages that the agent must offer first.
   */
  z.strictObject({
    outcome: z.literal('agent-update'),
    waits: z.boolean(),
    applied: z.boolean(),
    needs: z.array(sha256Hex).max(2),
    detail: z.string(),
  }),
  z.strictObject({ outcome: z.literal('done'), steps: z.array(packageStepSchema), detail: z.string() }),
  z.strictObject({
    outcome: z.literal('failed'),
    code: z.enum(HELPER_CODES),
    steps: z.array(packageStepSchema),
    detail: z.string(),
  }),
]);
export type HelperResponse = z.infer<typeof helperResponseSchema>;
export type ChangeResponse = Exclude<HelperResponse, { outcome: 'ready' | 'settings' | 'agent-update' }>;

/** Refusal of a request, or a change that failed. The detail says how to fix it. */
export class HelperRefusal extends Error {
  readonly code: HelperCode;
  constructor(code: HelperCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
