/** Message-ID (RFC 5322) of a mail that this product composes: a UUID at the sender's domain. */
export const messageIdOf = (id: string, address: string): string =>
  `<${id}@${address.slice(address.lastIndexOf('@') + 1)}>`;

/** UUID in a Message-ID of `messageIdOf`; null for another Message-ID. */
export const uuidIn = (messageId: string | null): string | null =>
  /^<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@/.exec(messageId ?? '')?.[1] ?? null;
