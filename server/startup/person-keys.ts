/**
 * Decides whether the key file of people belongs to the store (ADR 55). With a wrong key file, the server would silently lose access to the
 * existing records.
 */
import { existsSync, statSync } from 'node:fs';
import { CordonError } from '../../shared/errors.ts';
import type { KeyName } from '../person-keys/person-keys.ts';
import type { Db } from '../store/database.ts';
import { destroyReplacedFiles } from '../store/destroy-key-file.ts';
import { getMeta } from '../store/meta-store.ts';
import { PersonKeyFile, type PersonKeyIdentity } from '../store/person-key-file.ts';
import { newestKeyNames, recordedKeyFile, recordKeyFile, removeUnreadable } from '../store/person-key-records.ts';

/**
 * Result of the comparison. `found`: the file is new. `bind`: the store does not name the file yet. `open`: store and file name each other.
 */
export type PersonKeyVerdict = 'found' | 'bind' | 'open';

export interface PersonKeyFacts {
  /** Installation of the store; null for an empty store. */
  readonly installation: string | null;
  /** Id of the key file that the store names; null if it names none. */
  readonly recorded: string | null;
  /** Identity in the key file; null for a missing or new file. */
  readonly file: PersonKeyIdentity | null;
  /** Number of the store's newest records whose keys the file lacks. */
  readonly missing: number;
  /** True if an admin accepts that records of lost keys stay unreadable. */
  readonly accepted: boolean;
  readonly path: string;
}

const REMEDY =
  'Mount the volume with the file or correct CORDON_PERSON_KEYS, or restore the file with `cordon restore-person-keys`. If the file is lost, start once with CORDON_ACCEPT_LOST_PERSON_KEYS=true: the server then deletes the records that nothing can decrypt.';

/** Throws `installation_mismatch` if the key file and the store do not belong together. The function is pure. */
export function judgePersonKeys(facts: PersonKeyFacts): PersonKeyVerdict {
  const { installation, recorded, file, missing, accepted, path } = facts;
  const refuse = (reason: string, why: string, remedy = REMEDY) =>
    new CordonError('installation_mismatch', `${why} Nothing was changed. ${remedy}`, { reason, path });
  if (file !== null && file.installation !== installation) {
    throw refuse(
      'other_person_keys',
      `The file ${path} has the keys of people of ${file.installation}, and the database belongs to ${installation ?? 'no installation'}.`,
      'Correct CORDON_PERSON_KEYS or CORDON_HOME. For a new installation, choose an empty folder.',
    );
  }
  if (recorded === null) return file === null ? 'found' : 'bind';
  if (file === null) {
    if (accepted) return 'found';
    throw refuse('person_keys_missing', `The database needs the keys of people, and the file ${path} is missing.`);
  }
  if (file.id !== recorded) {
    if (accepted) return 'bind';
    throw refuse('other_person_keys', `The file ${path} is not the key file of people that the database names.`);
  }
  if (missing === 0 || accepted) return 'open';
  throw refuse(
    'person_keys_older',
    `The file ${path} lacks the keys of ${missing} of the newest records. It is an older copy.`,
  );
}

export interface CheckedPersonKeys {
  /** Opens the file, records in file and store that they belong together, and deletes records of lost keys. */
  open(db: Db, installation: string): Promise<PersonKeyFile>;
}

/** Checks the key file without a write to the store. `db`: null for an empty store. */
export async function checkPersonKeys(path: string, db: Db | null, accepted: boolean): Promise<CheckedPersonKeys> {
  const present = existsSync(path) && statSync(path).size > 0;
  const file = present ? new PersonKeyFile(path) : null;
  try {
    const facts = {
      installation: db === null ? null : await getMeta(db, 'installation'),
      recorded: db === null ? null : await recordedKeyFile(db),
      file: file?.identity() ?? null,
      missing: db === null || file === null ? 0 : missingIn(file, await newestKeyNames(db)),
      accepted,
      path,
    };
    const verdict = judgePersonKeys(facts);
    return {
      async open(store, installation) {
        const opened = new PersonKeyFile(path);
        if (verdict === 'open' && facts.missing === 0) {
          // An interrupted restore may have left the file that it replaced. This file is destroyed here.
          destroyReplacedFiles(path);
          return opened;
        }
        const { id } = opened.identity() ?? opened.bind(installation);
        // The records of lost keys are deleted now. Otherwise a later start would conclude from them that the key file is an older copy.
        await removeUnreadable(store, opened);
        await recordKeyFile(store, id);
        return opened;
      },
    };
  } finally {
    file?.close();
  }
}

function missingIn(file: PersonKeyFile, names: readonly KeyName[]): number {
  return file.read(names).filter((wrapped) => wrapped === null).length;
}
