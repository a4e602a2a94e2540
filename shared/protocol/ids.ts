/** Identifiers as branded strings, so that the compiler refuses a person's id in place of a device's id. */
import { z } from 'zod';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Random id: `bytes` random bytes in lower-case RFC 4648 base32 without padding. */
export const randomBase32 = (bytes: number): string => base32(crypto.getRandomValues(new Uint8Array(bytes)));

export function base32(bytes: Uint8Array): string {
  let bits = 0;
  let value = 0;
  let text = '';
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(value >>> bits) & 31];
    }
  }
  return bits > 0 ? text + BASE32[(value << (5 - bits)) & 31] : text;
}

/**
 * Identifier of a frequent record: 30 bits of time in steps of 8 seconds, then 50 random bits. Records of the same time are neighbors in
 * the database indexes, so that a commit writes few pages.
 */
function timedBase32(): string {
  let steps = Math.floor(Date.now() / 8192);
  let time = '';
  for (let digit = 0; digit < 6; digit += 1) {
    time = `${BASE32[steps & 31]}${time}`;
    steps = Math.floor(steps / 32);
  }
  return time + randomBase32(7).slice(0, 10);
}

function idOf<const P extends string>(prefix: P) {
  const pattern = new RegExp(`^${prefix}_[a-z2-7]{16}$`);
  return z.string().regex(pattern, `is not an id that starts with ${prefix}_`);
}

/** Device id, equal to the id of the device's activation code. The id is known before enrollment, so the certificate can contain it. */
export const deviceIdSchema = idOf('dev').brand<'DeviceId'>();
export type DeviceId = z.infer<typeof deviceIdSchema>;
export const newDeviceId = (): DeviceId => `dev_${timedBase32()}` as DeviceId;

export const personIdSchema = idOf('per').brand<'PersonId'>();
export type PersonId = z.infer<typeof personIdSchema>;
export const newPersonId = (): PersonId => `per_${randomBase32(10)}` as PersonId;

export const accountIdSchema = idOf('acc').brand<'AccountId'>();
export type AccountId = z.infer<typeof accountIdSchema>;
export const newAccountId = (): AccountId => `acc_${randomBase32(10)}` as AccountId;

export const groupIdSchema = idOf('grp').brand<'GroupId'>();
export type GroupId = z.infer<typeof groupIdSchema>;
export const newGroupId = (): GroupId => `grp_${randomBase32(10)}` as GroupId;

export const commandIdSchema = idOf('cmd').brand<'CommandId'>();
export type CommandId = z.infer<typeof commandIdSchema>;
export const newCommandId = (): CommandId => `cmd_${timedBase32()}` as CommandId;

export const queryIdSchema = idOf('qry').brand<'QueryId'>();
export type QueryId = z.infer<typeof queryIdSchema>;
export const newQueryId = (): QueryId => `qry_${randomBase32(10)}` as QueryId;

export const packIdSchema = idOf('pck').brand<'PackId'>();
export type PackId = z.infer<typeof packIdSchema>;
export const newPackId = (): PackId => `pck_${randomBase32(10)}` as PackId;

export const legalHoldIdSchema = idOf('hld').brand<'LegalHoldId'>();
export type LegalHoldId = z.infer<typeof legalHoldIdSchema>;
export const newLegalHoldId = (): LegalHoldId => `hld_${randomBase32(10)}` as LegalHoldId;

export const actionIdSchema = idOf('act').brand<'ActionId'>();
export type ActionId = z.infer<typeof actionIdSchema>;
export const newActionId = (): ActionId => `act_${randomBase32(10)}` as ActionId;

export const disclosureIdSchema = idOf('dsc').brand<'DisclosureId'>();
export type DisclosureId = z.infer<typeof disclosureIdSchema>;
export const newDisclosureId = (): DisclosureId => `dsc_${randomBase32(10)}` as DisclosureId;

export const authorityIdSchema = idOf('aut').brand<'AuthorityId'>();
export type AuthorityId = z.infer<typeof authorityIdSchema>;
export const newAuthorityId = (): AuthorityId => `aut_${randomBase32(10)}` as AuthorityId;

export const refusalIdSchema = idOf('ref').brand<'RefusalId'>();
export type RefusalId = z.infer<typeof refusalIdSchema>;
export const newRefusalId = (): RefusalId => `ref_${randomBase32(10)}` as RefusalId;

export const notificationRuleIdSchema = idOf('ntr').brand<'NotificationRuleId'>();
export type NotificationRuleId = z.infer<typeof notificationRuleIdSchema>;
export const newNotificationRuleId = (): NotificationRuleId => `ntr_${randomBase32(10)}` as NotificationRuleId;

export const channelIdSchema = idOf('ntc').brand<'ChannelId'>();
export type ChannelId = z.infer<typeof channelIdSchema>;
export const newChannelId = (): ChannelId => `ntc_${randomBase32(10)}` as ChannelId;

export const deliveryIdSchema = idOf('ntd').brand<'DeliveryId'>();
export type DeliveryId = z.infer<typeof deliveryIdSchema>;
export const newDeliveryId = (): DeliveryId => `ntd_${randomBase32(10)}` as DeliveryId;

export const customRoleIdSchema = idOf('rol').brand<'CustomRoleId'>();
export type CustomRoleId = z.infer<typeof customRoleIdSchema>;
export const newCustomRoleId = (): CustomRoleId => `rol_${randomBase32(10)}` as CustomRoleId;

export const scriptIdSchema = idOf('scr').brand<'ScriptId'>();
export type ScriptId = z.infer<typeof scriptIdSchema>;
export const newScriptId = (): ScriptId => `scr_${randomBase32(10)}` as ScriptId;

export const policyIdSchema = idOf('pol').brand<'PolicyId'>();
export type PolicyId = z.infer<typeof policyIdSchema>;
export const newPolicyId = (): PolicyId => `pol_${randomBase32(10)}` as PolicyId;

export const deviceViewIdSchema = idOf('dvw').brand<'DeviceViewId'>();
export type DeviceViewId = z.infer<typeof deviceViewIdSchema>;
export const newDeviceViewId = (): DeviceViewId => `dvw_${randomBase32(10)}` as DeviceViewId;

export const lostModeIdSchema = idOf('lst').brand<'LostModeId'>();
export type LostModeId = z.infer<typeof lostModeIdSchema>;
export const newLostModeId = (): LostModeId => `lst_${randomBase32(10)}` as LostModeId;
