/** Fields of an action on the records of devices, as the admin fills them in. The functions are pure. */
import type { z } from 'zod';
import type { deviceActionPreview } from '../../../../shared/api/device-actions.ts';
import type { deviceChange } from '../../../../shared/api/devices.ts';
import { type HoldDraft, holdRequest, NO_HOLD } from '../../holds/hold-draft.ts';
import type { RecordActionKind } from '../../words/record-actions.ts';
import { EMPTY, problemsOf, type StatementForm, statementOf } from '../device/statement.ts';
import { type LostModeDraft, lostModeFieldsOf, NO_LOST_MODE } from '../lost-mode-draft.ts';

export const REVOCATION_REASONS = [
  'keyCompromise',
  'cessationOfOperation',
  'privilegeWithdrawn',
  'unspecified',
] as const;
export type RevocationReason = (typeof REVOCATION_REASONS)[number];

/** Change of a value of each device: it stays, becomes the value of the device's group, or becomes the area. */
export interface AreaDraft {
  readonly use: 'keep' | 'group' | 'area';
  readonly area: string | null;
}

export interface RecordDraft {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly reason: RevocationReason | null;
  /** Static group that devices join or leave. */
  readonly group: string | null;
  /** New primary group; null: each device keeps its group. */
  readonly primary: string | null;
  readonly home: AreaDraft;
  readonly seat: AreaDraft;
  readonly stated: 'keep' | 'end' | 'state';
  readonly statement: StatementForm;
  /** Server time of the last change of the statement, from which its end counts. */
  readonly statedAt: number;
  readonly hold: HoldDraft;
  readonly lost: LostModeDraft;
}

const KEEP: AreaDraft = { use: 'keep', area: null };

export const EMPTY_DRAFT: RecordDraft = {
  add: [],
  remove: [],
  reason: null,
  group: null,
  primary: null,
  home: KEEP,
  seat: KEEP,
  stated: 'keep',
  statement: EMPTY,
  statedAt: 0,
  hold: NO_HOLD,
  lost: NO_LOST_MODE,
};

type Preview = Pick<z.input<typeof deviceActionPreview>, 'add' | 'remove' | 'change' | 'group'>;
type Change = z.input<typeof deviceChange>;

/** Fields of the preview; null while a field is missing. */
export function previewFields(kind: RecordActionKind, draft: RecordDraft): Preview | null {
  switch (kind) {
    case 'label':
      return draft.add.length + draft.remove.length > 0 ? { add: [...draft.add], remove: [...draft.remove] } : null;
    case 'place': {
      const change = changeOf(draft);
      return change && { change };
    }
    case 'add-to-group':
    case 'remove-from-group':
      return draft.group === null ? null : { group: draft.group };
    default:
      return {};
  }
}

/** Further fields of the request, which the preview does not have; null while a field is missing. */
export function requestFields(kind: RecordActionKind, { reason, hold, lost }: RecordDraft): object | null {
  if (kind === 'revoke') return reason && { reason };
  if (kind === 'start-lost-mode') return lostModeFieldsOf(lost);
  return kind === 'place-hold' ? holdRequest(hold) : {};
}

function changeOf({ primary, home, seat, stated, statement, statedAt }: RecordDraft): Change | null {
  const isIncomplete = [home, seat].some(({ use, area }) => use === 'area' && area === null);
  if (isIncomplete || (stated === 'state' && Object.keys(problemsOf(statement, statedAt)).length > 0)) return null;
  const change: Change = {
    ...(primary !== null && { group: primary as NonNullable<Change['group']> }),
    ...(home.use !== 'keep' && { home: home.use === 'area' ? home.area : null }),
    ...(seat.use !== 'keep' && { seat: seat.use === 'area' ? seat.area : null }),
    ...(stated !== 'keep' && { statement: stated === 'end' ? null : statementOf(statement, statedAt) }),
  };
  return Object.keys(change).length > 0 ? change : null;
}
