/** Pre-authentication encoding of DSSE: the bytes to sign, which include the payload's type. */

const encoder = new TextEncoder();

export function pae(payloadType: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const typeLength = encoder.encode(payloadType).length;
  const head = encoder.encode(`DSSEv1 ${typeLength} ${payloadType} ${payload.length} `);
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}
