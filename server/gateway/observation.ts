/** Parser for location evidence from a device, in a frame or in `POST /device/evidence`. */
import { parseEvidenceArea } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import type { Observation } from '../../shared/verdict/terms.ts';

type Reported = Extract<ReportItem, { type: 'evidence' }>['observations'][number];

/**
 * Accepts only positions and mobile networks: the server itself adds addresses, and admins add location statements. Throws `invalid_input`
 * for other evidence, and `unknown_area`.
 */
export function observationOf(observation: Reported): Observation {
  if (observation.source !== 'position' && observation.source !== 'network') {
    throw new CordonError('invalid_input', `A device cannot give evidence of the kind ${observation.source}.`);
  }
  const { whole, ...rest } = observation;
  return { ...rest, areas: observation.areas.map(parseEvidenceArea), ...(whole === undefined ? {} : { whole }) };
}
