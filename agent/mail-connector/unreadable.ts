import { isCordonError } from '../../shared/errors.ts';
import type { ConnectorQueue } from './connector-queue.ts';
import type { DeliveryRow } from './queue-rows.ts';

/**
 * Sets a delivery aside if its message cannot be decrypted, and raises an alert. Otherwise one damaged row would block all mail behind it.
 * Returns false for any other error.
 */
export function setAsideUnreadable(
  error: unknown,
  delivery: DeliveryRow,
  { queue, onUnreadable }: { readonly queue: ConnectorQueue; readonly onUnreadable: (detail: string) => void },
): boolean {
  const isFileMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  if (!isCordonError(error, 'document_malformed') && !isFileMissing) return false;
  queue.setAside(delivery);
  onUnreadable(
    `The queued message ${delivery.mail} cannot be read. The connector does not deliver it, and deletes it after 30 days.`,
  );
  return true;
}
