/** Text to sign. The browser itself parses and hashes the exact bytes, so a wrong description by the server has no effect. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import type { RevisionView } from '../../../shared/api/orders.ts';
import { CordonError } from '../../../shared/errors.ts';
import { type Described, describeRevision } from '../../../shared/order/describe-revision.ts';
import type { Revision } from '../../../shared/order/documents.ts';
import type { PassedTime } from '../../../shared/order/immediate-effect.ts';
import { webSha256 } from '../../../shared/order/web-digest.ts';
import { installationQuery } from '../client/queries.ts';
import { revisionQuery } from './queries.ts';

export interface SigningText extends Described<Revision> {
  readonly view: RevisionView;
  readonly digest: string;
}

const readQuery = (
  number: string,
  revision: number,
  payload: string,
  installation: string,
  passed: PassedTime | null,
) =>
  queryOptions({
    queryKey: ['signing-text', number, revision, installation, payload, passed],
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async () => {
      const described = describeRevision(payload, { order: number, revision }, passed);
      if (described.document.installation !== installation) {
        throw new CordonError('document_malformed', 'This order belongs to another installation. Do not sign it.');
      }
      return { ...described, digest: await webSha256(payload) };
    },
  });

export function useSigningText(number: string, revision: number) {
  const view = useQuery(revisionQuery(number, revision));
  const installation = useQuery(installationQuery);
  const payload = view.data?.payload;
  const id = installation.data?.installation;
  const read = useQuery({
    ...readQuery(number, revision, payload ?? '', id ?? '', view.data?.passed ?? null),
    enabled: payload !== undefined && id !== undefined,
  });
  const data: SigningText | undefined = view.data && read.data && { ...read.data, view: view.data };
  return { data, error: view.error ?? installation.error ?? read.error };
}
