/**
 * Dialog in which an approver reads the exact text of a version, and signs its statement with an approver key. The browser itself checks
 * that the statement is about the text that it shows.
 */
import { Button, Group, Modal, Stack } from '@mantine/core';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ScriptVersionView, scriptVersionView } from '../../../shared/api/scripts.ts';
import { CordonError } from '../../../shared/errors.ts';
import { Failure, Loading } from '../../../shared/look/states.tsx';
import { signScript } from '../../../shared/order/web-approver-key.ts';
import { webSha256 } from '../../../shared/order/web-digest.ts';
import { describeScript } from '../../../shared/scripts/describe-script.ts';
import { ChooseSigner, useChosenSigner } from '../approver-key/choose-signer.tsx';
import { OwnKeyPanel } from '../approver-key/own-key-panel.tsx';
import { TextToSign } from '../approver-key/text-to-sign.tsx';
import { listedSigners, type OwnSigner, useOwnKey } from '../approver-key/use-own-key.ts';
import { call } from '../client/call.ts';
import { installationQuery } from '../client/queries.ts';
import { scriptsQuery } from './queries.ts';
import { VersionText } from './version-text.tsx';

const statementQuery = ({ script, version, text, payload }: ScriptVersionView, installation: string) =>
  queryOptions({
    queryKey: ['script-statement', payload, text, installation],
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async () => {
      const described = describeScript(payload);
      const { document } = described;
      const isAboutThis =
        document.installation === installation && document.script === script && document.version === version;
      if (!isAboutThis || document.text !== (await webSha256(text))) {
        throw new CordonError(
          'script_refused',
          'The statement is about another text. Do not sign it, and tell the owner of this server.',
        );
      }
      return { described, digest: await webSha256(payload) };
    },
  });

export function ReviewDialog({
  opened,
  close,
  ...rest
}: { readonly opened: boolean; readonly close: () => void } & Reviewed) {
  return (
    <Modal opened={opened} onClose={close} title={`Review version ${rest.version.version}`} size="xl">
      <Review {...rest} close={close} />
    </Modal>
  );
}

interface Reviewed {
  readonly version: ScriptVersionView;
  readonly all: readonly ScriptVersionView[];
}

function Review({ version, all, close }: Reviewed & { readonly close: () => void }) {
  const client = useQueryClient();
  const installation = useQuery(installationQuery);
  const id = installation.data?.installation;
  const statement = useQuery({ ...statementQuery(version, id ?? ''), enabled: id !== undefined });
  const own = useOwnKey();
  const signers = listedSigners(own.data);
  const choice = useChosenSigner(signers);
  const signing = useMutation({
    mutationFn: async ({ key }: OwnSigner) =>
      call('POST', `/scripts/${version.script}/versions/${version.version}/reviews`, scriptVersionView, {
        digest: statement.data?.digest,
        keyid: key.keyid,
        signature: await signScript(key, version.payload),
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: scriptsQuery.queryKey.slice(0, 1) });
      close();
    },
  });
  const error = installation.error ?? statement.error;
  if (error) return <Failure error={error} />;
  if (!statement.data) return <Loading lines={8} />;
  const { described, digest } = statement.data;
  const before = all.find((each) => each.version < version.version && each.reviews.length > 0) ?? null;
  const { chosen } = choice;
  return (
    <Stack>
      <VersionText version={version} before={before} />
      <TextToSign described={described} digest={digest} />
      {own.error && <Failure error={own.error} />}
      {own.data && chosen === null && <OwnKeyPanel own={own.data} />}
      <ChooseSigner signers={signers} {...choice} />
      {signing.isError && <Failure error={signing.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Close
        </Button>
        {chosen && (
          <Button loading={signing.isPending} onClick={() => signing.mutate(chosen)}>
            Sign and approve version
          </Button>
        )}
      </Group>
    </Stack>
  );
}
