import { canonicalText } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';

/** SHA-256 of a policy document, of settings or of one value, as canonical JSON. */
export const digestOf = (content: unknown): string => sha256(canonicalText(content));
