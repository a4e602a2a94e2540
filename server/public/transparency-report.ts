/** Transparency report as JSON, without a sign-in. The report names no person and no request. */
import { Router } from 'express';
import { type TransparencyReport, transparencyReport } from '../../shared/api/transparency.ts';
import { createCache } from '../orders/cache.ts';
import { periodIn, type ReportPeriod } from './report-period.ts';

export interface ReportPort {
  report(period: ReportPeriod): Promise<TransparencyReport>;
}

/** Milliseconds for which the server reuses a report, and the number of reports that it keeps. */
const LASTING = 1_000;
const MOST = 16;

export function transparencyReportRouter({ report }: ReportPort): Router {
  const router = Router();
  const reports = createCache<string>({ lasting: LASTING, most: MOST });
  router.get(['/transparency/report', '/transparency/report.json'], async (request, response) => {
    const period = periodIn(request.url);
    const { from = '', to = '' } = period;
    const body = await reports.get(`${from} ${to}`, async () =>
      JSON.stringify(transparencyReport.parse(await report(period))),
    );
    response.set('Cache-Control', 'public, max-age=30').type('application/json').send(body);
  });
  return router;
}
