/** Frames with which a benchmark's device answers an order list, as an agent does. */
import { orderListSchema, type Receipt } from '../../shared/order/documents.ts';
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { BenchDevice } from './bench-device.ts';

/** Receipts that devices send after the next order list. */
export type OrderAnswer = Pick<Receipt, 'order' | 'revision' | 'kind' | 'gate' | 'service'>;

/** Newest order list, parsed once for all devices, because a device's own work on the list is not measured. */
let read: { readonly text: string; readonly about: Pick<Receipt, 'installation' | 'listVersion'> } | null = null;
function readList(text: string): Pick<Receipt, 'installation' | 'listVersion'> {
  if (read?.text === text) return read.about;
  const frame: ServerFrame = JSON.parse(text);
  if (frame.kind !== 'list') throw new Error('the frame is not an order list');
  const { installation, version } = orderListSchema.parse(
    JSON.parse(Buffer.from(frame.envelope.payload, 'base64').toString()),
  );
  read = { text, about: { installation, listVersion: version } };
  return read.about;
}

/**
 * Returns the frames that acknowledge the list, followed by two signed receipts: the notice was delivered, and the gate has changed. The
 * receipts have the two report numbers after `device.reports`.
 */
export function orderAnswers(device: BenchDevice, list: string, answer: OrderAnswer): string[] {
  const { order, revision, kind, gate, service } = answer;
  const about = { ...readList(list), order, revision };
  const receipts = [
    device.receipt({ ...about, kind: 'delivered', service: null, gate: null }),
    device.receipt({ ...about, kind, service, gate }),
  ];
  const frames: DeviceFrame[] = [
    { kind: 'have', list: about.listVersion, record: device.welcomed.record, approverSet: device.welcomed.approverSet },
    ...receipts.map(
      (envelope, index): DeviceFrame => ({
        kind: 'report',
        seq: device.reports + 1 + index,
        item: { type: 'receipt', envelope },
      }),
    ),
  ];
  return frames.map((frame) => JSON.stringify(frame));
}
