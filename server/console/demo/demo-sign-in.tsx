/** Exchanges the ticket in a link of the demo for a session and, for an approver, an approver key. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { demoSession } from '../../../shared/api/demo.ts';
import { Failure, Loading } from '../../../shared/look/states.tsx';
import { importKey } from '../approver-key/approver-key.ts';
import { call, storeCsrf } from '../client/call.ts';
import { installationQuery } from '../client/queries.ts';
import { SESSION_KEY } from '../client/session.tsx';

export function DemoSignIn({ ticket, done }: { readonly ticket: string; readonly done: () => void }) {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const enter = async () => {
      const { approverKey, ...session } = await call('POST', '/demo/session', demoSession, { ticket });
      storeCsrf(session.csrf);
      if (approverKey !== null) {
        const { installation } = await client.fetchQuery(installationQuery);
        await importKey(installation, session.account.person, approverKey);
      }
      client.setQueryData(SESSION_KEY, session);
      done();
    };
    enter().catch(setError);
  }, [client, ticket, done]);
  return error === null ? <Loading /> : <Failure error={error} />;
}
