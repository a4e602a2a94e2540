/** Private key of an approver in the IndexedDB of this browser, one per person and installation. No page can export the key. */
import {
  createWebApproverKey,
  importWebApproverKey,
  type WebApproverKey,
} from '../../../shared/order/web-approver-key.ts';

const DATABASE = 'cordon';
const STORE = 'approver-keys';

const nameOf = (installation: string, person: string) => `${installation}/${person}`;

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
  });
}

async function withStore<T>(mode: IDBTransactionMode, request: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(STORE));
  const database = await settled(opening);
  try {
    const transaction = database.transaction(STORE, mode, { durability: 'strict' });
    const done = new Promise<void>((resolve, reject) => {
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('abort', () => reject(transaction.error));
    });
    const [result] = await Promise.all([settled(request(transaction.objectStore(STORE))), done]);
    return result;
  } finally {
    database.close();
  }
}

export async function storedKey(installation: string, person: string): Promise<WebApproverKey | null> {
  const stored = await withStore<WebApproverKey | undefined>('readonly', (store) =>
    store.get(nameOf(installation, person)),
  );
  return stored ?? null;
}

async function storeKey(installation: string, person: string, key: WebApproverKey): Promise<WebApproverKey> {
  await withStore('readwrite', (store) => store.put(key, nameOf(installation, person)));
  // Request persistent storage. Without it, the browser may delete the key when disk space is short.
  await navigator.storage?.persist?.();
  return key;
}

/** Creates an approver key. An earlier key of the person in this browser is overwritten and lost. */
export async function makeKey(installation: string, person: string): Promise<WebApproverKey> {
  return storeKey(installation, person, await createWebApproverKey());
}

/** Imports an approver key from unencrypted PKCS#8 in DER, encoded as base64. */
export async function importKey(installation: string, person: string, pkcs8: string): Promise<WebApproverKey> {
  return storeKey(installation, person, await importWebApproverKey(Uint8Array.fromBase64(pkcs8)));
}
