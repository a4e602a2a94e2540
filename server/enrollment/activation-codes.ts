import type { HomeArea } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import { formatActivationLink } from '../../shared/protocol/activation-link.ts';
import { type DeviceId, type GroupId, newDeviceId, type PersonId, randomBase32 } from '../../shared/protocol/ids.ts';
import type { Bus } from '../bus/bus.ts';
import { type CodePage, type CodeView, type ListCodes, pageOfCodes, viewOf } from './code-pages.ts';
import { hashOfSecret } from './code-secret.ts';
import type { CodeStore } from './ports.ts';

const HOUR = 3_600_000;
const DEFAULT_HOURS = 7 * 24;
const MAX_HOURS = 30 * 24;

export interface CreateCode {
  readonly person: PersonId;
  readonly group: GroupId;
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly by: string;
  readonly expiresInHours?: number;
  /** Existing device that enrolls again with the code. Its group must be `group`. */
  readonly device?: DeviceId | null;
  /** True to enroll a mail connector, which reads all mail of the company. */
  readonly mailConnector?: boolean;
}

export interface ActivationCodesPorts {
  readonly store: CodeStore;
  readonly fingerprint: string;
  readonly addresses: () => { readonly publicUrl: string; readonly deviceUrl: string };
  readonly bus: Bus;
  readonly now: () => number;
}

export function createActivationCodes({ store, fingerprint, addresses, bus, now }: ActivationCodesPorts) {
  /** Creates a code. Only this function returns the activation link with the secret. */
  async function createCode(request: CreateCode): Promise<{ id: DeviceId; link: string; expiresAt: number }> {
    const hours = request.expiresInHours ?? DEFAULT_HOURS;
    if (!(hours > 0 && hours <= MAX_HOURS)) {
      throw new CordonError('invalid_input', `An activation code must expire after at most ${MAX_HOURS} hours.`, {
        field: 'expiresInHours',
      });
    }
    const id = request.device ?? newDeviceId();
    const secret = randomBase32(16);
    const createdAt = now();
    const { person, group, home, seat, by, mailConnector = false } = request;
    const expiresAt = createdAt + hours * HOUR;
    const secretHash = hashOfSecret(secret);
    const code = { id, secretHash, person, group, home, seat, by, createdAt, expiresAt, mailConnector };
    await (request.device ? store.reopenCode(code) : store.addCode(code));
    bus.publish({ kind: 'devices' });
    const link = formatActivationLink({ ...addresses(), fingerprint, code: { id, secret } });
    return { id, link, expiresAt };
  }

  const listCodes = (query: ListCodes): Promise<CodePage> => pageOfCodes(store, query, now());

  async function getCode(id: DeviceId): Promise<CodeView> {
    const found = await store.redeemable(id);
    if (!found)
      throw new CordonError('not_found', `There is no activation code ${id}. List the codes with GET /codes.`);
    return viewOf(found.code, now());
  }

  async function cancelCode(id: DeviceId): Promise<void> {
    if (!(await store.cancelCode(id, now()))) {
      throw new CordonError('not_found', 'There is no such open activation code. It was used or canceled before.', {
        code: id,
      });
    }
    bus.publish({ kind: 'devices' });
  }

  return { createCode, listCodes, getCode, cancelCode };
}
