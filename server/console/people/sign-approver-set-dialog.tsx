/** Dialog that signs an approver set in this browser. It decodes the exact bytes to sign and shows their content in words. */
import { useQueryClient } from '@tanstack/react-query';
import { approverSetView } from '../../../shared/api/approvers.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { describeApproverSet } from '../../../shared/order/describe-revision.ts';
import { signApproverSet, type WebApproverKey } from '../../../shared/order/web-approver-key.ts';
import { TextToSign, useDigest } from '../approver-key/text-to-sign.tsx';
import { call } from '../client/call.ts';
import { approversQuery } from '../client/queries.ts';

export function SignApproverSetDialog({
  opened,
  close,
  approverSet,
  current,
  signKey,
  named,
}: {
  readonly opened: boolean;
  readonly close: () => void;
  readonly approverSet: { readonly version: number; readonly payload: string };
  /**
   * Current approver set, according to the server. The dialog compares the new set with it only if the text to sign contains the digest of
   * the current set.
   */
  readonly current: { readonly version: number; readonly payload: string } | null;
  readonly signKey: WebApproverKey;
  readonly named: (person: string) => string;
}) {
  const client = useQueryClient();
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
        const signature = await signApproverSet(signKey, approverSet.payload);
        await call('POST', `/approvers/${approverSet.version}/signatures`, approverSetView, {
          keyid: signKey.keyid,
          signature,
        });
        await client.invalidateQueries({ queryKey: approversQuery.queryKey });
      }}
    >
      <TextToSign described={described} digest={digest} named={named} />
    </Confirm>
  );
}
