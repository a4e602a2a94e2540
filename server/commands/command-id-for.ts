/** Names for the commands that one request issues to many devices. */
import { hash } from 'node:crypto';
import { base32, type CommandId, commandIdSchema, type DeviceId } from '../../shared/protocol/ids.ts';

/** So many characters all commands of a request have in common with it. */
export const REQUEST_PREFIX = 8;

/**
 * The id of one device's command: the same again when the request is repeated. All begin as the request's own, so that they lie together in
 * the store's index, and 60 bits tell them apart.
 */
export const commandIdFor = (request: CommandId, device: DeviceId): CommandId => {
  const own = base32(hash('sha256', `${request} ${device}`, 'buffer').subarray(0, 8)).slice(0, 12);
  return commandIdSchema.parse(`${request.slice(0, REQUEST_PREFIX)}${own}`);
};
