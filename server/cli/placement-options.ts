/** Options of commands that change the home area, legal seat, primary group or location statement of devices. */
import { CordonError } from '../../shared/errors.ts';
import { valueOrNone } from './cli.ts';

export interface PlacementOptions {
  readonly home?: string | undefined;
  readonly seat?: string | undefined;
  readonly toGroup?: string | undefined;
  readonly statement?: string[] | undefined;
  readonly kind?: string | undefined;
  readonly until?: string | undefined;
  readonly reason?: string | undefined;
}

/** Change of the request. Throws `invalid_input` for a statement without an end or a reason. */
export const placementOf = ({ home, seat, toGroup, statement, kind, until, reason }: PlacementOptions) => ({
  home: valueOrNone(home),
  seat: valueOrNone(seat),
  group: toGroup,
  statement:
    statement?.[0] === 'none'
      ? null
      : statement && { kind, areas: statement, until: instant(until), reason: reasonOf(reason) },
});

function instant(text: string | undefined): number {
  const at = Date.parse(text ?? '');
  if (Number.isNaN(at))
    throw new CordonError('invalid_input', 'A statement needs --until, such as 2026-01-31T12:00:00Z.');
  return at;
}

function reasonOf(text: string | undefined): string {
  if (text) return text;
  throw new CordonError('invalid_input', 'A statement needs --reason: your evidence for the location.');
}
