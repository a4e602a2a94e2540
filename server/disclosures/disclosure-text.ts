/**
 * Text of a request, which two people sign: its creation, its reading, and the rule that a new text may only be narrower. The functions are
 * pure.
 */
import type { Narrowing, NewDisclosure } from '../../shared/api/disclosures.ts';
import { type DisclosureText, disclosureTextSchema } from '../../shared/disclosure/documents.ts';
import { CordonError } from '../../shared/errors.ts';
import { canonicalText, parseDocument } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { DisclosureId, PersonId } from '../../shared/protocol/ids.ts';
import { uselessCharacter } from '../../shared/text/visible-text.ts';
import type { AuthorityRow, DisclosureRange, VersionRow } from './ports.ts';

export const readText = ({ payload }: Pick<VersionRow, 'payload'>): DisclosureText =>
  parseDocument(disclosureTextSchema, Buffer.from(payload));

export const rangeOf = ({ from, to }: DisclosureText['window']): DisclosureRange => ({
  from: Date.parse(from),
  to: Date.parse(to),
});

interface Drafted {
  readonly disclosure: DisclosureId;
  readonly installation: string;
  readonly by: PersonId;
  readonly at: number;
}

export function firstText(
  request: NewDisclosure,
  authority: Pick<AuthorityRow, 'id' | 'name' | 'recipient' | 'fingerprint'>,
  { disclosure, installation, by, at }: Drafted,
): VersionRow {
  const { id, name, recipient, fingerprint } = authority;
  const text: DisclosureText = {
    ...request,
    records: [...request.records].sort(),
    authority: { id, name, recipient, fingerprint },
    installation,
    disclosure,
    version: 1,
    draftedBy: by,
    draftedAt: new Date(at).toISOString(),
  };
  return versionOf(text, by, at, null);
}

/** Makes the narrower text of a request. Throws `disclosure_not_narrower` for a longer window or a further record type. */
export function narrowerText(before: DisclosureText, change: Narrowing, by: PersonId, at: number): VersionRow {
  const { note, window = before.window, records = before.records, ...others } = change;
  const [old, now] = [rangeOf(before.window), rangeOf(window)];
  const wider = now.from < old.from || now.to > old.to || records.some((record) => !before.records.includes(record));
  if (wider || now.to <= now.from) {
    const detail =
      'A new text may only shorten the window and remove record types. For more records, the authority needs a second request with its own instrument.';
    throw new CordonError('disclosure_not_narrower', detail);
  }
  const text: DisclosureText = {
    ...before,
    ...definedOf(others),
    window,
    records: [...records].sort(),
    version: before.version + 1,
    draftedBy: by,
    draftedAt: new Date(at).toISOString(),
  };
  return versionOf(text, by, at, note);
}

function versionOf(text: DisclosureText, by: PersonId, at: number, note: string | null): VersionRow {
  const payload = canonicalText(text);
  const hidden = uselessCharacter(payload);
  if (hidden !== null) {
    const detail = `The text contains the hidden character ${hidden}, which readers do not see. Remove it: paste the text without formatting.`;
    throw new CordonError('invalid_input', detail, { character: hidden });
  }
  const { disclosure, version } = text;
  return { disclosure, version, payload, digest: sha256(payload), draftedBy: by, draftedAt: at, note };
}

function definedOf(change: Omit<Narrowing, 'note' | 'window' | 'records'>): Partial<DisclosureText> {
  const { deadline, objection, notice } = change;
  return {
    ...(deadline === undefined ? {} : { deadline }),
    ...(objection === undefined ? {} : { objection }),
    ...(notice === undefined ? {} : { notice }),
  };
}
