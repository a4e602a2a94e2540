/**
 * Media types of pictures that the agent's web page displays, recognized by their first bytes. The page must not draw other types: for
 * example, an SVG file can contain scripts.
 */
const KINDS: readonly { readonly type: string; readonly begins: readonly (number | null)[] }[] = [
  { type: 'image/png', begins: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { type: 'image/jpeg', begins: [0xff, 0xd8, 0xff] },
  { type: 'image/gif', begins: [0x47, 0x49, 0x46, 0x38] },
  { type: 'image/webp', begins: [0x52, 0x49, 0x46, 0x46, null, null, null, null, 0x57, 0x45, 0x42, 0x50] },
];

export const pictureKind = (bytes: Uint8Array): string | null =>
  KINDS.find(({ begins }) => begins.every((byte, at) => byte === null || bytes[at] === byte))?.type ?? null;
