import { hash } from 'node:crypto';
import { base32, type CommandId, commandIdSchema, type DeviceId } from '../../shared/protocol/ids.ts';

export const REQUEST_PREFIX = 8;

/**
 * Id of the command for one device; a repeated request produces the same id. The shared prefix keeps a request's commands together in the
 * store's index, and 60 bits distinguish them.
 */
export const commandIdFor = (request: CommandId, device: DeviceId): CommandId => {
  const own = base32(hash('sha256', `${request} ${device}`, 'buffer').subarray(0, 8)).slice(0, 12);
  return commandIdSchema.parse(`${request.slice(0, REQUEST_PREFIX)}${own}`);
};
