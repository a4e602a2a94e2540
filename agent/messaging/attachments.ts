/**
 * Files of messages. They lie in the workspace as they were sealed for the others, so that a lock and a wipe reach them too: one's own from the
 * moment on at which the message is written, others' once somebody has asked to see them.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { openAttachment, sealAttachment } from '../../shared/seal/attachment.ts';
import type { SealedAttachment } from '../../shared/seal/content.ts';
import { OWN_FILES, type Workspace } from '../workspace/workspace.ts';
import type { DeviceService } from './device-service.ts';
import type { NewAttachment } from './messaging.ts';

export interface Attachments {
  /** Seals it and keeps it. */
  keep(attachment: NewAttachment): Promise<SealedAttachment>;
  /** Hands it in, before the message that names it. */
  upload(attachment: SealedAttachment): Promise<void>;
  /** As it lies here, whether messaging is denied or not; null when it is not on this device, or not whole. */
  here(attachment: SealedAttachment): Promise<NewAttachment | null>;
  /** Throws `not_found` when neither this device nor the server has it any more, `attachment_damaged`. */
  open(attachment: SealedAttachment): Promise<NewAttachment>;
}

const fileOf = (id: string) => `${OWN_FILES}${id}`;

export function createAttachments(ports: {
  readonly workspace: Pick<Workspace, 'get' | 'put'>;
  readonly service: DeviceService;
}): Attachments {
  const { workspace, service } = ports;

  const kept = async (id: string): Promise<Buffer | null> => {
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
      const sealed = await kept(id);
      if (sealed) await service.putAttachment(id, sealed);
    },
    async here(attachment) {
      const { id, name, type } = attachment;
      try {
        const sealed = await kept(id);
        return sealed && { name, type, bytes: await openAttachment(sealed, attachment) };
      } catch (error) {
        if (isCordonError(error, 'attachment_damaged') || isCordonError(error, 'document_malformed')) return null;
        throw error;
      }
    },
    async open(attachment) {
      const { id, name, type } = attachment;
      const here = await kept(id);
      const sealed = here ?? (await fetched(service, id));
      const bytes = await openAttachment(sealed, attachment);
      if (!here) await workspace.put(fileOf(id), sealed);
      return { name, type, bytes };
    },
  };
}

async function fetched(service: DeviceService, id: string): Promise<Buffer> {
  try {
    return await service.attachment(id);
  } catch (error) {
    if (!isCordonError(error, 'not_found')) throw error;
    throw new CordonError('not_found', 'The server has the file no more: ask its sender to send it again.', {}, error);
  }
}
