/**
 * Key packages of others' devices. How many a device may claim is bounded (`server/relay/key-packages.ts`), and one that lies in a drawer has none that
 * holds, for as long as it lies there: whoever gave none of use is asked ever less often. Kept in memory alone: a restart asks anew.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { readKeyPackage } from '../../shared/seal/key-package.ts';
import type { Context } from './context.ts';
import type { Member } from './membership.ts';

export interface UsablePackage {
  readonly device: DeviceId;
  readonly body: Uint8Array;
}

export interface Claims {
  /** Of those of them that have one and are who they should be. For what a person does: whom it is about is asked in any case. */
  of(wanted: readonly Member[]): Promise<readonly UsablePackage[]>;
  /**
   * The same of those whose time has come, and none when the server refuses more just now. `again`: after so many milliseconds the next is asked;
   * null when everybody has given one.
   */
  due(
    wanted: readonly Member[],
  ): Promise<{ readonly packages: readonly UsablePackage[]; readonly again: number | null }>;
  /** It is there, and has handed in what it lacked when it connected: it may be asked at once. */
  heardFrom(device: DeviceId): void;
}

/** Real milliseconds, doubled each time. */
const FIRST_WAIT = 15_000;
const LONGEST_WAIT = 60 * 60_000;

export function createClaims(ports: Pick<Context, 'device' | 'service' | 'realNow' | 'alarm'>): Claims {
  const { device: own, service, realNow, alarm } = ports;
  /** Enrolments that gave none of use when they were asked last. */
  const waiting = new Map<DeviceId, { readonly generation: number; readonly at: number; readonly wait: number }>();
  const known = ({ device, generation }: Member) => {
    const found = waiting.get(device);
    return found?.generation === generation ? found : null;
  };

  /** Milliseconds. A clock that was set back makes nobody wait for longer. */
  const waitOf = (member: Member): number => {
    const { at, wait } = known(member) ?? { at: 0, wait: 0 };
    const left = at - realNow();
    return left > wait ? 0 : Math.max(0, left);
  };

  const gaveNone = (member: Member) => {
    const { device, generation } = member;
    const wait = Math.min(LONGEST_WAIT, 2 * (known(member)?.wait ?? FIRST_WAIT / 2));
    waiting.set(device, { generation, at: realNow() + wait, wait });
  };

  const claim = async (others: readonly Member[]): Promise<readonly UsablePackage[]> => {
    const given = await service.claim(others.map(({ device }) => device));
    const packages: UsablePackage[] = [];
    for (const { device, generation, body } of given) {
      const member = others.find((other) => other.device === device && other.generation === generation);
      try {
        const read = await readKeyPackage(body, realNow());
        if (!member || read.device !== device || read.generation !== generation) continue;
        if (read.signatureKey !== member.signatureKey) {
          const detail = `${device}, enrolment ${generation}: the server gave a key package of another key than the organisation has confirmed.`;
          throw new CordonError('ghost_member', detail, { device, generation });
        }
        packages.push({ device, body });
      } catch (error) {
        if (!(error instanceof CordonError)) throw error;
        // One device's bad package keeps nobody else out; it hands in new ones when it connects.
        alarm(error.code, `${device}: ${error.message}`, `${device} ${generation}`);
      }
    }
    return packages;
  };

  const of = async (wanted: readonly Member[]): Promise<readonly UsablePackage[]> => {
    const others = wanted.filter(({ device }) => device !== own);
    try {
      const packages = await claim(others);
      for (const member of others) {
        if (packages.some(({ device }) => device === member.device)) waiting.delete(member.device);
        else gaveNone(member);
      }
      return packages;
    } catch (error) {
      if (isCordonError(error, 'rate_limited')) others.forEach(gaveNone);
      throw error;
    }
  };

  return {
    of,
    async due(wanted) {
      let packages: readonly UsablePackage[] = [];
      try {
        packages = await of(wanted.filter((member) => waitOf(member) === 0));
      } catch (error) {
        if (!isCordonError(error, 'rate_limited')) throw error;
      }
      const missing = wanted.filter((member) => !packages.some(({ device }) => device === member.device));
      return { packages, again: missing.length === 0 ? null : Math.min(...missing.map(waitOf)) };
    },
    heardFrom: (device) => void waiting.delete(device),
  };
}
