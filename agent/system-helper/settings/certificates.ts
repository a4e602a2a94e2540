/** The setting `certificates.trusted`: certificate authorities that the system trusts, as files of Debian's ca-certificates. */
import { hash, X509Certificate } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HelperRefusal } from '../requests.ts';
import type { RunTool } from '../run-tool.ts';
import { contentOf, writeWhole } from './own-file.ts';
import { runNeeded, type SettingPart } from './setting-part.ts';

const FOLDER = '/usr/local/share/ca-certificates';
const OWN = /^cordon-[0-9a-f]{64}\.crt(?:\.new)?$/;

export function certificatesPart(run: RunTool): SettingPart<readonly string[]> {
  const present = () => namesIn(FOLDER).filter((name) => OWN.test(name));

  function replaceFiles(wanted: ReadonlyMap<string, string>): void {
    for (const name of present()) if (!wanted.has(name)) rmSync(join(FOLDER, name), { force: true });
    if (wanted.size > 0) mkdirSync(FOLDER, { recursive: true });
    for (const [name, text] of wanted) {
      if (contentOf(join(FOLDER, name)) !== text) writeWhole(join(FOLDER, name), text);
    }
  }

  return {
    async isApplied(value) {
      const wanted = filesOf(value);
      const names = present();
      return names.length === wanted.size && names.every((name) => contentOf(join(FOLDER, name)) === wanted.get(name));
    },
    async apply(value) {
      replaceFiles(filesOf(value));
      try {
        await runNeeded(run, 'update-ca-certificates');
      } catch (error) {
        // Without the program, the files would have no effect and stay.
        if (error instanceof HelperRefusal && error.code === 'not_supported') replaceFiles(new Map());
        throw error;
      }
    },
    async revert() {
      if (present().length > 0) replaceFiles(new Map());
      // A crash may have come between the deletion of the files and the new bundle.
      await runNeeded(run, 'update-ca-certificates');
    },
  };
}

/** Texts of the files by name. Throws `HelperRefusal` for a text that is not the certificate of an authority. */
function filesOf(value: readonly string[]): Map<string, string> {
  return new Map(
    value.map((pem) => {
      const certificate = authorityOf(pem);
      return [`cordon-${hash('sha256', certificate.raw)}.crt`, certificate.toString()];
    }),
  );
}

/** Certificate of an authority. Throws `HelperRefusal` for another text. */
export function authorityOf(pem: string): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    throw new HelperRefusal('failed', 'The policy contains a text that is not a certificate.');
  }
  if (certificate.ca) return certificate;
  const subject = certificate.subject.replaceAll('\n', ', ');
  throw new HelperRefusal('failed', `The certificate of ${subject} is not the certificate of an authority.`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
