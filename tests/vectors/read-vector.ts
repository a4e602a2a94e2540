/** Reader of published test vectors: JSON by name, bytes in hex. */
import { equal, ok } from 'node:assert/strict';
import { decodeMlsMessage, type GroupContext } from 'ts-mls';
import { SUITE } from '../../shared/seal/suite.ts';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
/** One test vector, with the MLS working group's field names. */
export type Vector = { [name: string]: Json };

export const at = (vector: Json | undefined, ...path: (string | number)[]): Json => {
  let value: Json | undefined = vector;
  for (const step of path) value = (value as { [name: string]: Json } | null | undefined)?.[step as string];
  ok(value !== undefined, `the vector has no ${path.join('.')}`);
  return value;
};
export const bytes = (vector: Json, ...path: (string | number)[]) => Uint8Array.fromHex(String(at(vector, ...path)));
export const number = (vector: Json, ...path: (string | number)[]) => Number(at(vector, ...path));
export const string = (vector: Json, ...path: (string | number)[]) => String(at(vector, ...path));
export const list = (vector: Json, ...path: (string | number)[]) => at(vector, ...path) as Json[];

export type Decoder<T> = (from: Uint8Array, offset: number) => [T, number] | undefined;
export function whole<T>(decode: Decoder<T>, from: Uint8Array): T {
  const [value, length] = decode(from, 0) ?? [];
  ok(value !== undefined && length === from.length, 'it does not decode');
  return value;
}
export const same = (a: Uint8Array, b: Uint8Array) => equal(a.toHex(), b.toHex());
export const message = (from: Uint8Array) => whole(decodeMlsMessage, from);

export function contextOf(vector: Json, epoch: bigint, tree: Uint8Array, confirmed: Uint8Array): GroupContext {
  return {
    version: 'mls10',
    cipherSuite: SUITE,
    groupId: bytes(vector, 'group_id'),
    epoch,
    treeHash: tree,
    confirmedTranscriptHash: confirmed,
    extensions: [],
  };
}
