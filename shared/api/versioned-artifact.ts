/** Imports with several versions, of which one is active: IP databases and territory policies. */

/** Key of the version that was active before the current one, for a rollback. `keys` are the keys of all activations, newest first. */
export function previousKey<Key>(keys: readonly Key[]): Key | undefined {
  const [current] = keys;
  return current === undefined ? undefined : keys[keys.lastIndexOf(current) + 1];
}
