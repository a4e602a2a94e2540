import { CordonError, isCordonError } from '../../../shared/errors.ts';
import { openAttachment, sealAttachment } from '../../../shared/seal/attachment.ts';
import type { SealedAttachment } from '../../../shared/seal/content.ts';
import { OWN_FILES } from '../../workspace/folders.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { NewAttachment } from '../messaging.ts';
import type { RelayClient } from '../relay-client.ts';

/**
 * Attached files of messages. They are stored in the workspace (encrypted folder with work data), so that locking or wiping the workspace
 * also affects the attachments. The user's own files are stored on sending, files of other members on the first request.
 */
export interface Attachments {
  keep(attachment: NewAttachment): Promise<SealedAttachment>;
  /**
   * Uploads a sealed file. The agent seals the message with the file only afterward, so that recipients can download the file as soon as
   * the message arrives.
   */
  upload(attachment: SealedAttachment): Promise<void>;
  /** Local copy, available even while messaging is suspended; null if this device has no complete copy. */
  local(attachment: SealedAttachment): Promise<NewAttachment | null>;
  open(attachment: SealedAttachment): Promise<NewAttachment>;
}

const fileOf = (id: string) => `${OWN_FILES}${id}`;

export function createAttachments(ports: {
  readonly workspace: Pick<Workspace, 'get' | 'put'>;
  readonly relay: RelayClient;
}): Attachments {
  const { workspace, relay } = ports;

  const stored = async (id: string): Promise<Buffer | null> => {
    try {
      return await workspace.get(fileOf(id));
    } catch (error) {
      if (isCordonError(error, 'not_found')) return null;
      throw error;
    }
  };

  return {
    async keep({ name, type, bytes }) {
      const { sealed, ...handle } = await sealAttachment(bytes);
      await workspace.put(fileOf(handle.id), Buffer.from(sealed));
      return { ...handle, name, type };
    },
    async upload({ id }) {
      const sealed = await stored(id);
      if (sealed) await relay.putAttachment(id, sealed);
    },
    async local(attachment) {
      const { id, name, type } = attachment;
      try {
        const sealed = await stored(id);
        return sealed && { name, type, bytes: await openAttachment(sealed, attachment) };
      } catch (error) {
        if (isCordonError(error, 'attachment_damaged') || isCordonError(error, 'document_malformed')) return null;
        throw error;
      }
    },
    async open(attachment) {
      const { id, name, type } = attachment;
      const local = await stored(id);
      const sealed = local ?? (await download(relay, id));
      const bytes = await openAttachment(sealed, attachment);
      if (!local) await workspace.put(fileOf(id), sealed);
      return { name, type, bytes };
    },
  };
}

async function download(relay: RelayClient, id: string): Promise<Buffer> {
  try {
    return await relay.attachment(id);
  } catch (error) {
    if (!isCordonError(error, 'not_found')) throw error;
    throw new CordonError(
      'not_found',
      'The server no longer has the file. Ask the sender to send it again.',
      {},
      error,
    );
  }
}
