/** Reassignment of many devices: decides about each line of a request, and creates one activation code per device. */
import { setImmediate as turn } from 'node:timers/promises';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { DeviceId, PersonId } from '../../shared/protocol/ids.ts';
import { type ActionFacts, assess, type DeviceName, type NewOwner, type RefusalReason } from '../devices/devices.ts';
import type { CreateCode } from './activation-codes.ts';
import type { OwnerMail } from './owner-mail.ts';

/** Maximum number of failed mails in a row, after which the server sends no more. The mail server is then probably unreachable. */
const MOST_FAILURES = 3;
/** Number of codes that the server creates before other requests run. */
const TOGETHER = 20;

export interface AskedPair {
  readonly device: string;
  readonly person: string;
}

export interface Owner extends NewOwner {
  readonly name: string;
  readonly email: string | null;
}

export interface ReassignmentPorts {
  /** Ids of the devices that have the text as their id, serial number, host name or display name; at most two for each text. */
  readonly devicesNamed: (texts: readonly string[]) => Promise<ReadonlyMap<string, readonly DeviceId[]>>;
  readonly facts: (devices: readonly DeviceId[]) => Promise<ReadonlyMap<DeviceId, ActionFacts>>;
  readonly names: (devices: readonly DeviceId[]) => Promise<readonly DeviceName[]>;
  readonly createCode: (code: CreateCode) => Promise<{ id: DeviceId; link: string; expiresAt: number }>;
}

export interface Line {
  readonly line: number;
  readonly asked: AskedPair;
  readonly device: { readonly id: DeviceId; readonly user: string; readonly hostname: string | null } | null;
  readonly owner: Owner | null;
  readonly refusal: RefusalReason | null;
}

/** Line that the server may perform. */
export interface Reassignable extends Line {
  readonly device: NonNullable<Line['device']>;
  readonly owner: Owner;
  readonly facts: ActionFacts;
}

export interface Plan {
  readonly lines: readonly Line[];
  readonly affected: readonly Reassignable[];
}

export interface NewLink {
  readonly device: DeviceId;
  readonly hostname: string | null;
  readonly owner: Owner;
  readonly link: string;
  readonly expiresAt: number;
  readonly mailed: 'sent' | 'failed' | 'no-address' | 'not-requested';
}

export function createReassignment({ devicesNamed, facts, names, createCode }: ReassignmentPorts) {
  return {
    /**
     * Decides about each line. `reach`: returns those of the devices that the admin may reassign. `ownersOf`: people by the texts of the
     * request; an unknown person is absent.
     */
    async plan(
      pairs: readonly AskedPair[],
      reach: (devices: readonly DeviceId[]) => Promise<readonly DeviceId[]>,
      ownersOf: (texts: readonly string[]) => Promise<ReadonlyMap<string, Owner>>,
    ): Promise<Plan> {
      const named = await devicesNamed([...new Set(pairs.map(({ device }) => device))]);
      const ids = [...new Set([...named.values()].flat())];
      const inside = new Set(await reach(ids));
      const [known, called, owners] = await Promise.all([
        facts([...inside]),
        names([...inside]),
        ownersOf([...new Set(pairs.map(({ person }) => person))]),
      ]);
      const nameOf = new Map(called.map((name) => [name.id, name]));
      const seen = new Set<DeviceId>();
      const affected: Reassignable[] = [];
      const lines = pairs.map((asked, index): Line => {
        const candidates = (named.get(asked.device) ?? []).filter((id) => inside.has(id));
        const [id] = candidates;
        const name = id && nameOf.get(id);
        const owner = owners.get(asked.person) ?? null;
        const device = name ? { id: name.id, user: name.user, hostname: name.displayName ?? name.hostname } : null;
        const line = { line: index + 1, asked, device, owner };
        const own = id && known.get(id);
        if (candidates.length > 1) return { ...line, device: null, refusal: 'ambiguous-device' };
        if (!id || !own || !device) return { ...line, refusal: 'not-in-scope' };
        if (seen.has(id)) return { ...line, refusal: 'named-twice' };
        seen.add(id);
        const action = { kind: 'reassign', owners: new Map([[id, owner]]) } as const;
        const refusal = assess([id], known, action).refused[0]?.reason ?? null;
        if (refusal === null && owner) affected.push({ ...line, device, owner, facts: own, refusal });
        return { ...line, refusal };
      });
      return { lines, affected };
    },

    /**
     * Creates one code per device. A line whose device or owner has changed since the plan is refused. `mail`: sends the links to the new
     * owners; null for no mail.
     */
    async perform(
      affected: readonly Reassignable[],
      { by, hours, mail }: { readonly by: string; readonly hours: number; readonly mail: OwnerMail | null },
    ): Promise<{ readonly links: readonly NewLink[]; readonly refused: readonly Line[] }> {
      const links: NewLink[] = [];
      const refused: Line[] = [];
      for (const [index, line] of affected.entries()) {
        const { device, owner, facts: own } = line;
        if (index % TOGETHER === TOGETHER - 1) await turn();
        try {
          const { link, expiresAt } = await createCode({
            device: device.id,
            person: owner.id,
            group: own.group.id,
            home: null,
            seat: null,
            by,
            expiresInHours: hours,
          });
          const { id, hostname } = device;
          links.push({ device: id, hostname, owner, link, expiresAt, mailed: mail ? 'failed' : 'not-requested' });
        } catch (error) {
          if (!CHANGED.some((code) => isCordonError(error, code))) throw error;
          refused.push({ ...line, refusal: 'changed-meanwhile' });
        }
      }
      return { links: mail ? await mailed(links, mail) : links, refused };
    },
  };
}

const CHANGED = ['conflict', 'not_found', 'legal_hold'] as const;

/** Sends the links one after the other, because the mailer refuses many mails at once. */
async function mailed(links: readonly NewLink[], { send }: OwnerMail): Promise<readonly NewLink[]> {
  const sent: NewLink[] = [];
  let failures = 0;
  for (const link of links) {
    const address = link.owner.email;
    if (address === null) {
      sent.push({ ...link, mailed: 'no-address' });
      continue;
    }
    const ok = failures < MOST_FAILURES && (await send({ ...link, address }));
    failures = ok ? 0 : failures + 1;
    sent.push({ ...link, mailed: ok ? 'sent' : 'failed' });
  }
  return sent;
}

/** Pairs of one owner and all devices of a selection. Throws `invalid_input` if they are too many. */
export function pairsOf(devices: readonly DeviceId[], person: PersonId, most: number): readonly AskedPair[] {
  if (devices.length <= most) return devices.map((device) => ({ device, person }));
  const detail = `One request reassigns at most ${most} devices, and this one selects ${devices.length} devices. Choose fewer devices.`;
  throw new CordonError('invalid_input', detail, { field: 'devices', limit: most });
}
