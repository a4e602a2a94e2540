/** Transparency report as JSON, without a sign-in. The report names no person and no request. */
import { Router } from 'express';
import { reportQuery, type TransparencyReport, transparencyReport } from '../../shared/api/transparency.ts';
import { CordonError } from '../../shared/errors.ts';
import { createCache } from '../orders/cache.ts';

export interface ReportPort {
  report(period: { readonly from?: string | undefined; readonly to?: string | undefined }): Promise<TransparencyReport>;
}

/** Milliseconds for which the server reuses a report, and the number of reports that it keeps. */
const LASTING = 1_000;
const MOST = 16;

export function transparencyReportRouter({ report }: ReportPort): Router {
  const router = Router();
  const reports = createCache<string>({ lasting: LASTING, most: MOST });
  router.get(['/transparency/report', '/transparency/report.json'], async (request, response) => {
    const [, query = ''] = request.url.split('?', 2);
    const period = reportQuery.safeParse(Object.fromEntries(new URLSearchParams(query)));
    if (!period.success) {
      const detail = 'A period has the days from and to, such as ?from=2026-01-01&to=2026-06-30.';
      throw new CordonError('invalid_input', detail, {}, period.error);
    }
    const { from = '', to = '' } = period.data;
    const body = await reports.get(`${from} ${to}`, async () =>
      JSON.stringify(transparencyReport.parse(await report(period.data))),
    );
    response.set('Cache-Control', 'public, max-age=30').type('application/json').send(body);
  });
  return router;
}
