/**
 * Records that the disclosure desk can produce (ADR 54). The list is closed: Cordon holds nothing else about a person that the desk may
 * hand over. Content of messages is not in the list, because the server has no key that opens it.
 */
export const RECORD_TYPES = ['enrollment-record', 'connection-log', 'order-receipts'] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

/** Longest window of one request, in days. */
export const LONGEST_WINDOW_DAYS = 90;
/** Days for which the server keeps a row of the connection log. */
export const CONNECTION_LOG_DAYS = 90;

export interface RecordTypeFacts {
  readonly title: string;
  /** Names of the fields in one line of the production. */
  readonly fields: readonly string[];
  readonly exists: string;
  readonly kept: string;
}

export const RECORD_TYPE_FACTS: Readonly<Record<RecordType, RecordTypeFacts>> = {
  'enrollment-record': {
    title: 'Enrollment record',
    fields: ['device', 'generation', 'serial', 'codeCreatedBy', 'codeCreatedAt'],
    exists:
      'One line for each enrollment of the person’s devices in the window: device, number of the enrollment, serial number of the certificate, and the admin who created the activation code.',
    kept: 'As long as the certificate’s record, which Cordon keeps as evidence of its own actions. The details become unreadable when the key of the person is destroyed.',
  },
  'connection-log': {
    title: 'Connection log',
    fields: ['device', 'generation', 'connectedAt', 'disconnectedAt', 'address'],
    exists:
      'One line for each connection of the person’s devices that began in the window: device, number of the enrollment, start, end and network address.',
    kept: `${CONNECTION_LOG_DAYS} days from the end of the day on which the connection ended.`,
  },
  'order-receipts': {
    title: 'Order receipts',
    fields: ['device', 'order', 'revision', 'kind', 'issuedAt', 'receivedAt'],
    exists:
      'One line for each signed receipt of the person’s devices about an order that the server received in the window.',
    kept: 'Without an end, because receipts prove how an order was carried out.',
  },
};
