import { reportQuery } from '../../shared/api/transparency.ts';
import { CordonError } from '../../shared/errors.ts';

/** Period of a transparency report. Months in UTC, such as 2026-11; the period includes both. Default: the last 12 months that have ended. */
export interface ReportPeriod {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Period in the query of an address such as `/transparency?from=2026-01&to=2026-06`. Throws `invalid_input` for another query. */
export function periodIn(url: string): ReportPeriod {
  const [, query = ''] = url.split('?', 2);
  const period = reportQuery.safeParse(Object.fromEntries(new URLSearchParams(query)));
  if (period.success) return period.data;
  const detail = 'A period has the months from and to, such as ?from=2026-01&to=2026-06.';
  throw new CordonError('invalid_input', detail, {}, period.error);
}
