/**
 * Parts of an update of the operating system on a machine with flatpak: the packages of the system, and the applications of flatpak. Each
 * part is a change with a record of its own, so that a failure of one part undoes nothing of the other. The functions are pure.
 */
import { createHash } from 'node:crypto';
import type { ChangeRequest, ChangeResponse } from './requests.ts';
import { LONGEST_DETAIL } from './requests.ts';

/** Update of all applications of flatpak. Only the helper itself makes this request. */
export type ApplicationsRequest = Omit<Extract<ChangeRequest, { op: 'update-os' }>, 'op'> & {
  readonly op: 'update-applications';
};
export type PartRequest = ChangeRequest | ApplicationsRequest;

/** Id of the part for applications: a UUID of version 8 (RFC 9562, section 5.8), always the same one for a change. */
export function applicationsOf(change: string): string {
  const hex = createHash('sha256').update(`applications of ${change}`).digest('hex');
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const TITLES = ['System packages', 'Applications'] as const;
const LONGEST_PART = LONGEST_DETAIL / TITLES.length - 50;

/** Detail of a change that needed no step and has no notes. */
export const NO_CHANGE = 'No change was necessary.';

/**
 * Response with both results. It is a failure if one part failed; the detail says which one. Without any change of applications, it is the
 * response of the system alone.
 */
export function combined(system: ChangeResponse, applications: ChangeResponse): ChangeResponse {
  if (applications.outcome === 'done' && applications.detail === NO_CHANGE) return system;
  const parts = [system, applications];
  const texts = parts.map(({ outcome, detail }, at) => {
    const title = outcome === 'done' ? TITLES[at] : `${TITLES[at]} failed`;
    return `${title}: ${detail.slice(0, LONGEST_PART)}`;
  });
  const result = { steps: parts.flatMap(({ steps }) => steps), detail: texts.join(' ') };
  const failure = parts.find((part) => part.outcome === 'failed');
  return failure?.outcome === 'failed'
    ? { outcome: 'failed', code: failure.code, ...result }
    : { outcome: 'done', ...result };
}
