/**
 * Dialog in which a person reads a text of the disclosure desk and signs its exact bytes. The browser itself decodes and hashes the bytes.
 */
import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import { queryOptions, useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { DISCLOSURE_PAYLOAD_TYPES } from '../../../shared/disclosure/documents.ts';
import { CordonError } from '../../../shared/errors.ts';
import { Failure, Loading } from '../../../shared/look/states.tsx';
import type { Described } from '../../../shared/order/describe-revision.ts';
import { signDeskText } from '../../../shared/order/web-approver-key.ts';
import { webSha256 } from '../../../shared/order/web-digest.ts';
import { installationQuery } from '../client/queries.ts';
import { ChooseSigner, useChosenSigner } from './choose-signer.tsx';
import { OwnKeyPanel } from './own-key-panel.tsx';
import { TextToSign } from './text-to-sign.tsx';
import { type OwnSigner, useOwnKey } from './use-own-key.ts';

type DeskText = keyof typeof DISCLOSURE_PAYLOAD_TYPES;
/** Function that describes a text in words. Throws `document_malformed` if the bytes are not the requested text. */
type Describe = (payload: string) => Described<{ readonly installation: string }>;

export interface DeskSignature {
  /** SHA-256 of the signed bytes, computed by this browser. */
  readonly digest: string;
  readonly keyid: string;
  readonly signature: string;
}

/**
 * Keys with which the signed-in person can sign texts of the disclosure desk in this browser. Unlike orders, these texts do not need a key
 * in the approver set.
 */
function useSigners() {
  const own = useOwnKey();
  const signers = own.data?.signers.filter(({ state }) => state !== 'unregistered') ?? [];
  return { own, signers };
}

const readQuery = (payload: string, installation: string, describe: Describe) =>
  queryOptions({
    queryKey: ['desk-text', payload, installation],
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async () => {
      const { title, lines, document } = describe(payload);
      if (document.installation !== installation) {
        throw new CordonError('document_malformed', 'This text belongs to another installation. Do not sign it.');
      }
      return { title, lines, digest: await webSha256(payload) };
    },
  });

export function SignDialog({
  title,
  opened,
  close,
  ...rest
}: {
  readonly title: string;
  readonly opened: boolean;
  readonly close: () => void;
} & BodyProps) {
  return (
    <Modal opened={opened} onClose={close} title={title} size="xl">
      <SignBody {...rest} close={close} />
    </Modal>
  );
}

interface BodyProps {
  readonly kind: DeskText;
  /** Exact bytes to sign, as text. */
  readonly payload: string;
  readonly describe: Describe;
  /** Button text such as `Sign and approve request`. */
  readonly verb: string;
  /** Sends the signature. Resolves to the sentence that the dialog then displays. */
  readonly submit: (signature: DeskSignature) => Promise<string>;
}

function SignBody({ kind, payload, describe, verb, submit, close }: BodyProps & { readonly close: () => void }) {
  const installation = useQuery(installationQuery);
  const id = installation.data?.installation;
  const text = useQuery({ ...readQuery(payload, id ?? '', describe), enabled: id !== undefined });
  const { own, signers } = useSigners();
  const choice = useChosenSigner(signers);
  const key = choice.chosen?.key ?? null;
  const signing = useMutation({
    mutationFn: async (signer: OwnSigner['key']) => {
      const signature = await signDeskText(signer, kind, payload);
      return submit({ digest: await webSha256(payload), keyid: signer.keyid, signature });
    },
  });
  const error = installation.error ?? text.error;
  if (error) return <Failure error={error} />;
  if (text.data === undefined) return <Loading lines={8} />;
  if (signing.data !== undefined) return <Signed words={signing.data} close={close} />;
  return (
    <Stack>
      <TextToSign described={text.data} digest={text.data.digest} />
      {own.error && <Failure error={own.error} />}
      {own.data && key === null && <OwnKeyPanel own={own.data} />}
      <ChooseSigner signers={signers} {...choice} />
      {signing.isError && <Failure error={signing.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Close
        </Button>
        {key && (
          <Button loading={signing.isPending} onClick={() => signing.mutate(key)}>
            {verb}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Signed({ words, close }: { readonly words: string; readonly close: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  // Move the focus to this button, because the button that had the focus no longer exists.
  useEffect(() => button.current?.focus(), []);
  return (
    <Stack>
      <Alert color="cordon" role="status" title="Signature recorded">
        {words}
      </Alert>
      <Group justify="flex-end">
        <Button ref={button} onClick={close}>
          Close
        </Button>
      </Group>
    </Stack>
  );
}
