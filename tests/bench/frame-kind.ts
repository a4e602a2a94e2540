import type { ServerFrame } from '../../shared/protocol/frames.ts';

/**
 * True if the text is a frame of this kind. It compares the beginning of the text, because a device of a benchmark must not spend its time
 * on parsing. A kind that the protocol renames does not compile.
 */
export const isFrame = (text: string, kind: ServerFrame['kind']): boolean => text.startsWith(`{"kind":"${kind}"`);
