/** Text that describes a time correction to the approver before signing. The text is computed from the exact bytes to sign. */
import { CordonError } from '../errors.ts';
import { parseDocument } from './canonical.ts';
import type { Described } from './describe-revision.ts';
import { type TimeCorrection, timeCorrectionSchema } from './documents.ts';

/** Parses the payload of a time correction. Throws `document_malformed` if its times are not consistent. */
export function parseTimeCorrection(payload: Uint8Array): TimeCorrection {
  const correction = parseDocument(timeCorrectionSchema, payload);
  const { earliest, from, until } = correction;
  if (!(Date.parse(earliest) < Date.parse(from) && Date.parse(from) <= Date.parse(until))) {
    throw new CordonError(
      'document_malformed',
      'The period of the wrong time must begin after the time of the correction, and end after its beginning.',
    );
  }
  return correction;
}

export function describeTimeCorrection(payload: string): Described<TimeCorrection> {
  const document = parseTimeCorrection(new TextEncoder().encode(payload));
  const { installation, version, earliest, from, until, reason } = document;
  return {
    document,
    title: `Time correction ${version} of installation ${installation}`,
    lines: [
      { label: 'wrong time', value: `from ${from} until ${until}` },
      {
        label: 'effect',
        value: `Devices with a time from this period set it back, but not before ${earliest}.`,
        grave: true,
      },
      { label: 'reason', value: reason },
    ],
  };
}
