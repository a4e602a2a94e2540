/** Options with the witnesses that an auditor trusts, for commands that verify a checkpoint. */
import type { Command } from 'commander';
import { CordonError } from '../../shared/errors.ts';
import { parseWitnessKey, type WitnessPolicy } from '../../shared/ledger/cosignature.ts';

export interface WitnessOptions {
  readonly witness?: readonly string[];
  readonly witnessThreshold?: number;
}

export const withWitnessOptions = (command: Command): Command =>
  command
    .option('--witness <key...>', 'verifier keys of witnesses. The checkpoint must have their cosignatures')
    .option('--witness-threshold <count>', 'number of these witnesses that must have cosigned. Default: all', Number);

/** Rule for cosignatures from the options; undefined without witnesses. Throws `checkpoint_invalid` for an invalid key. */
export async function witnessPolicyIn({
  witness,
  witnessThreshold,
}: WitnessOptions): Promise<WitnessPolicy | undefined> {
  if (witness === undefined) {
    if (witnessThreshold === undefined) return undefined;
    throw new CordonError(
      'invalid_input',
      'Give --witness-threshold together with the keys of the witnesses (--witness).',
    );
  }
  const keys = await Promise.all(witness.map(async (key) => (await parseWitnessKey(key)).publicKey.toHex()));
  const threshold = witnessThreshold ?? witness.length;
  if (new Set(keys).size < keys.length) throw new CordonError('invalid_input', 'Give each witness once (--witness).');
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > keys.length) {
    throw new CordonError('invalid_input', `--witness-threshold must be a number from 1 to ${keys.length}.`);
  }
  return { threshold, keys: witness };
}
