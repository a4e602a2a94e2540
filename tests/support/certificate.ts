/** Certificate for `localhost` of an authority of its own. */
import { join } from 'node:path';
import { openAuthority } from '../../certs/authority.ts';
import { pemOf } from '../../certs/key-folder.ts';
import { PASSPHRASE, prepareKeyFolder } from './custody.ts';

export function makeTestCertificate(folder: string): {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
} {
  const keys = join(folder, 'certificate-keys');
  prepareKeyFolder(keys);
  const authority = openAuthority({
    folder: keys,
    passphrase: PASSPHRASE,
    organization: 'Mail',
    serverNames: ['localhost', '127.0.0.1'],
    crlUrl: null,
  });
  const { keyPem, chainPem } = authority.serverIdentity();
  return { cert: chainPem, key: keyPem, ca: pemOf(authority.rootDer) };
}
