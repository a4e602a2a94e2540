/** Imported artifacts of which one is active at a time: IP databases and territory policies. */

/**
 * The key of the artifact that was active before the first activation of the current artifact. `keys`: all activations, the newest first.
 */
export function previousKey<Key>(keys: readonly Key[]): Key | undefined {
  const [current] = keys;
  return current === undefined ? undefined : keys[keys.lastIndexOf(current) + 1];
}
