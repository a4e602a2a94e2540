/** Routes for the transparency report and its signed statement. The public listener serves the same report without a sign-in. */
import {
  reportQuery,
  statementList,
  statementParams,
  statementProposal,
  statementSignature,
  statementView,
  transparencyReport,
} from '../../shared/api/transparency.ts';
import type { DisclosuresPort } from './disclosures.ts';
import { Reply, type Route, route } from './route.ts';

export function transparencyRoutes({ disclosures: { statements, transparency }, admins }: DisclosuresPort): Route[] {
  return [
    route({
      name: 'transparency.report',
      method: 'get',
      path: '/transparency/report',
      summary: 'Show the transparency report of a period',
      query: reportQuery,
      response: transparencyReport,
      handler: ({ query }) => transparency.report(query),
    }),
    route({
      name: 'transparency.statements',
      method: 'get',
      path: '/transparency/statements',
      summary: 'List pending and adopted transparency statements',
      response: statementList,
      handler: async () => ({ statements: await statements.list() }),
    }),
    route({
      name: 'transparency.propose',
      method: 'post',
      path: '/transparency/statements',
      summary: 'Propose a new transparency statement. It replaces a pending one',
      body: statementProposal,
      response: statementView,
      statuses: [201],
      handler: async ({ body, caller }) =>
        new Reply(await statements.propose(caller.account.person, body.days), { status: 201 }),
    }),
    route({
      name: 'transparency.sign',
      method: 'post',
      path: '/transparency/statements/:digest/signatures',
      summary: 'Sign a transparency statement. The second independent signature adopts it',
      params: statementParams,
      body: statementSignature,
      response: statementView,
      async handler({ params, body, caller }) {
        const signed = await statements.sign(caller.account.person, params.digest, body);
        await admins.approverKeySigned(body.keyid);
        return signed;
      },
    }),
  ];
}
