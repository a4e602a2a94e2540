/** Imported artifacts in several versions, of which one is active: IP databases and territory policies. */

/**
 * Key of the artifact to which a rollback returns, that is, the artifact that was active before the current one. `keys` lists the keys of
 * all activations, newest first.
 */
export function previousKey<Key>(keys: readonly Key[]): Key | undefined {
  const [current] = keys;
  return current === undefined ? undefined : keys[keys.lastIndexOf(current) + 1];
}
