/** Dialog that signs an approver set in this browser. It decodes the exact bytes to sign and shows their content in words. */
import { useQueryClient } from '@tanstack/react-query';
import { approverSetView } from '../../../shared/api/approvers.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { describeApproverSet } from '../../../shared/order/describe-revision.ts';
import { signApproverSet } from '../../../shared/order/web-approver-key.ts';
import { ChooseSigner, useChosenSigner } from '../approver-key/choose-signer.tsx';
import { TextToSign, useDigest } from '../approver-key/text-to-sign.tsx';
import type { OwnSigner } from '../approver-key/use-own-key.ts';
import { call } from '../client/call.ts';
import { approversQuery } from '../client/queries.ts';

export function SignApproverSetDialog({
  opened,
  close,
  approverSet,
  current,
  signers,
  nameOf,
}: {
  readonly opened: boolean;
  readonly close: () => void;
  readonly approverSet: { readonly version: number; readonly payload: string };
  /**
   * Current approver set, according to the server. The dialog compares the new set with it only if the text to sign contains the digest of
   * the current set.
   */
  readonly current: { readonly version: number; readonly payload: string } | null;
  readonly signers: readonly OwnSigner[];
  readonly nameOf: (person: string) => string;
}) {
  const client = useQueryClient();
  const choice = useChosenSigner(signers);
  const digest = useDigest(approverSet.payload);
  const before = useDigest(current?.payload ?? '');
  const { previous } = describeApproverSet(approverSet.payload, approverSet.version).document;
  const replaced =
    current && before === previous ? describeApproverSet(current.payload, current.version).document : null;
  const described = describeApproverSet(approverSet.payload, approverSet.version, replaced);
  return (
    <Confirm
      title="Sign approver set"
      opened={opened}
      close={close}
      verb="Sign approver set"
      ready={digest !== undefined && before !== undefined}
      act={async () => {
        if (!choice.chosen) return;
        const { key } = choice.chosen;
        const signature = await signApproverSet(key, approverSet.payload);
        await call('POST', `/approvers/${approverSet.version}/signatures`, approverSetView, {
          keyid: key.keyid,
          signature,
        });
        await client.invalidateQueries({ queryKey: approversQuery.queryKey });
      }}
    >
      <TextToSign described={described} digest={digest} nameOf={nameOf} />
      <ChooseSigner signers={signers} {...choice} />
    </Confirm>
  );
}
