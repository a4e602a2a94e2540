import type { HomeArea } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import { type DeviceId, deviceIdSchema, type GroupId, type PersonId } from '../../shared/protocol/ids.ts';
import type { Scope } from '../devices/devices.ts';
import type { CodePosition, CodeState, CodeStore, StoredCode } from './ports.ts';

export interface CodeView {
  readonly id: DeviceId;
  readonly person: PersonId;
  readonly user: string;
  readonly group: GroupId;
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly state: CodeState;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly mailConnector: boolean;
}

export interface ListCodes {
  readonly state: CodeState | null;
  readonly scope: Scope;
  readonly cursor: string | null;
  readonly limit: number;
}

export interface CodePage {
  readonly codes: readonly CodeView[];
  readonly cursor: string | null;
}

/**
 * Page of activation codes: open codes first, then all others; newest first in each part. A code that expires between two requests may be
 * on two pages, but is never missing. Throws `invalid_input` if the cursor belongs to another list. `now`: milliseconds by the machine's
 * clock.
 */
export async function pageOfCodes(
  store: Pick<CodeStore, 'codes'>,
  { cursor, limit, ...query }: ListCodes,
  now: number,
): Promise<CodePage> {
  const after = cursor === null ? null : readCursor(cursor);
  const found = await store.codes({ ...query, after, limit: limit + 1, now });
  const codes = found.slice(0, limit).map((code) => viewOf(code, now));
  const last = codes.at(-1);
  return { codes, cursor: found.length > limit && last ? writeCursor(last) : null };
}

export function viewOf(code: StoredCode, now: number): CodeView {
  const { id, person, user, group, home, seat, createdAt, expiresAt, mailConnector } = code;
  return { id, person, user, group, home, seat, state: stateOf(code, now), createdAt, expiresAt, mailConnector };
}

function stateOf({ usedAt, canceledAt, expiresAt }: StoredCode, now: number): CodeState {
  if (usedAt !== null) return 'used';
  if (canceledAt !== null) return 'canceled';
  return expiresAt > now ? 'open' : 'expired';
}

const writeCursor = ({ state, createdAt, id }: CodeView): string => `${state === 'open' ? 1 : 0} ${createdAt} ${id}`;

function readCursor(text: string): CodePosition {
  const [, open, createdAt, id] = /^([01]) (\d{1,15}) (\S{1,40})$/.exec(text) ?? [];
  const device = deviceIdSchema.safeParse(id);
  if (createdAt !== undefined && device.success) {
    return { open: open === '1', createdAt: Number(createdAt), id: device.data };
  }
  throw new CordonError('invalid_input', 'The cursor belongs to another list. List the codes without a cursor first.', {
    field: 'cursor',
  });
}
