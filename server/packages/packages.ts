/** Packages of the organization itself: upload, signature by an approver, and download by devices. Files are stored by their digest. */
import { isDeepStrictEqual } from 'node:util';
import { CordonError } from '../../shared/errors.ts';
import type { ApproverSet } from '../../shared/order/approvers.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { type Envelope, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { signedBy } from '../../shared/order/dsse.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import type { DeviceId, PersonId } from '../../shared/protocol/ids.ts';
import {
  debFactsSchema,
  LARGEST_PACKAGE,
  type OwnPackage,
  ownPackageSchema,
  type PackageFacts,
} from '../../shared/software/own-package.ts';
import type { Bandwidth } from '../bandwidth.ts';
import type { People } from '../independence/independence.ts';
import { createTransferSlots } from '../transfer-slots.ts';
import { PART, type Upload, type Uploads } from '../uploads.ts';
import { installObstacle, publishObstacle, signObstacle } from './package-people.ts';
import type { PackageStore, StoredPackage } from './ports.ts';
import { RPM_MAGIC, readRpmFacts } from './rpm-header.ts';

/** Maximum size of all files together in bytes. */
const MOST_STORED = 4 * 1024 * 1024 * 1024;
/** First bytes of every Debian package (deb(5)). */
const DEB_MAGIC = Buffer.from('!<arch>\n');

export interface PackagesPorts {
  readonly store: PackageStore;
  readonly uploads: Pick<Uploads, 'receive'>;
  readonly approverSet: () => Pick<ApproverSet, 'persons' | 'keys'> | null;
  readonly people: () => Promise<Pick<People, 'relation' | 'isSame'>>;
  /** Throws `service_denied` if an order suspends the management of the device. */
  readonly requireManagement: (device: DeviceId) => Promise<void>;
  /** Limit for the downloads of all devices together. */
  readonly bandwidth: Bandwidth;
  readonly now: () => number;
}

const KEYS = ['name', 'version', 'architecture'] as const;
type StatedFacts = { readonly [Key in keyof PackageFacts]?: string | undefined } & { readonly note: string };

interface Actor {
  readonly account: string;
  readonly person: PersonId;
}

export type Packages = ReturnType<typeof createPackages>;

export function createPackages({
  store,
  uploads,
  approverSet,
  people,
  requireManagement,
  bandwidth,
  now,
}: PackagesPorts) {
  const slots = createTransferSlots({ all: 64, ofOne: 2 });

  async function get(sha256: string): Promise<StoredPackage> {
    const found = await store.get(sha256);
    if (found) return found;
    throw new CordonError('not_found', 'The server has no package with this digest. Upload the file.', { sha256 });
  }

  /** Bytes of the statement that the signature of a package covers. */
  const payloadOf = ({ name, version, architecture, sha256, size, format }: StoredPackage) =>
    encodeCanonical({
      name,
      version,
      architecture,
      sha256,
      size,
      ...(format === 'rpm' && { format }),
    } satisfies OwnPackage);

  return {
    get,
    list: store.list,

    /** Text of the statement that a person signs. */
    statement: (stored: StoredPackage): string => Buffer.from(payloadOf(stored)).toString('utf8'),

    /**
     * Stores a file. A repeated upload of the same file returns the stored package. The server reads the facts of an RPM package from the file;
     * the uploader states those of a Debian package, because their compression (xz) has no reader here.
     */
    async upload(
      { note, ...stated }: StatedFacts,
      content: AsyncIterable<Uint8Array>,
      by: Actor,
    ): Promise<StoredPackage> {
      return uploads.receive(by.account, content, { most: LARGEST_PACKAGE, what: 'A package' }, async (upload) => {
        const facts = await factsOf(upload, stated);
        const { sha256, size } = upload;
        const stored: StoredPackage = {
          ...facts,
          sha256,
          size,
          note,
          uploadedAt: now(),
          uploadedBy: by.account,
          uploader: by.person,
          envelope: null,
          signedBy: null,
          signer: null,
        };
        if (await store.put(stored, upload, MOST_STORED)) return stored;
        const known = await get(sha256);
        if (KEYS.every((key) => known[key] === facts[key])) return known;
        throw new CordonError(
          'conflict',
          `The server has this file as ${known.name} ${known.version}. Delete it first if these facts are wrong.`,
        );
      });
    },

    /** Adds the signature of an approver, who must be independent of the uploader. */
    async sign(
      sha256: string,
      { keyid, signature }: { readonly keyid: string; readonly signature: string },
      by: Actor,
    ): Promise<StoredPackage> {
      const stored = await get(sha256);
      if (stored.envelope) throw new CordonError('conflict', 'A person has already signed this package.');
      const all = await people();
      const obstacle = signObstacle(stored, by.person, all);
      if (obstacle !== null) throw new CordonError('same_person', obstacle, { sha256 });
      const set = approverSet();
      if (!set || !all.isSame(set.persons.get(keyid) ?? '', by.person)) {
        throw new CordonError(
          'approver_unknown',
          'This key is not your key in the current approver set. Sign with the key that the set names.',
          { keyid },
        );
      }
      const envelope: Envelope = {
        payloadType: PAYLOAD_TYPES.package,
        payload: Buffer.from(payloadOf(stored)).toString('base64'),
        signatures: [{ keyid, sig: signature }],
      };
      if (!signedBy(envelope, set.keys).has(keyid)) {
        throw new CordonError('approval_invalid', 'The signature is not over the exact bytes of this statement.');
      }
      await store.sign(stored, envelope, by);
      return { ...stored, envelope, signedBy: by.account, signer: by.person };
    },

    async delete(sha256: string): Promise<void> {
      if (!(await store.delete(sha256))) await get(sha256);
    },

    /**
     * Checks a command for an own package. Throws unless it has the stored statement and its signature, and the uploader and the signer are
     * independent.
     */
    async requireSigned(command: Command): Promise<void> {
      if (command.kind !== 'install-package') return;
      const statement = ownPackageSchema.safeParse(jsonOf(command.envelope.payload));
      const stored = statement.success ? await get(statement.data.sha256) : null;
      if (!stored?.envelope || !isDeepStrictEqual(stored.envelope, command.envelope)) {
        throw new CordonError('invalid_input', 'The command is not for a signed package of this server.', {
          field: 'command',
        });
      }
      const obstacle = installObstacle(stored, await people());
      if (obstacle !== null) throw new CordonError('same_person', obstacle, { sha256: stored.sha256 });
    },

    /**
     * Returns each package with the reasons why the rule of two people refuses a signature, installation or publication by this person, and
     * with the approvers who can sign it.
     */
    async judged(all: readonly StoredPackage[], person: PersonId) {
      const rule = await people();
      const approvers = [...new Set(approverSet()?.persons.values())];
      return all.map((stored) => ({
        stored,
        obstacles: {
          sign: signObstacle(stored, person, rule),
          install: stored.envelope && installObstacle(stored, rule),
          publish: stored.envelope && publishObstacle(stored, person, rule),
        },
        signers: approvers.filter((approver) => signObstacle(stored, approver, rule) === null),
      }));
    },

    /** Part of a file for a device, from the byte `from` to the end of the chunk. */
    async download(
      device: DeviceId,
      sha256: string,
      from: number,
    ): Promise<{ readonly size: number; readonly bytes: Buffer }> {
      await requireManagement(device);
      const leave = slots.occupy(device);
      try {
        const { size, envelope } = await get(sha256);
        if (!envelope) throw new CordonError('not_found', 'No person has signed this package.', { sha256 });
        if (from >= size) throw new CordonError('invalid_input', `The file has only ${size} bytes.`);
        const chunk = await store.chunk(sha256, Math.floor(from / PART));
        if (!chunk) throw new CordonError('not_found', 'The package was deleted.', { sha256 });
        const bytes = chunk.subarray(from % PART);
        await bandwidth.wait(bytes.length);
        return { size, bytes };
      } finally {
        leave();
      }
    },
  };
}

/** Format of the file, and the facts that the signature will cover. */
async function factsOf(
  upload: Upload,
  stated: Omit<StatedFacts, 'note'>,
): Promise<PackageFacts & Pick<StoredPackage, 'format'>> {
  const start = await upload.read(0, DEB_MAGIC.length);
  if (start.subarray(0, RPM_MAGIC.length).equals(RPM_MAGIC)) {
    const facts = await readRpmFacts(upload);
    for (const key of KEYS) {
      if (stated[key] === undefined || stated[key] === facts[key]) continue;
      throw new CordonError(
        'invalid_input',
        `The header of the file states the ${key} ${facts[key]}. Omit the ${key}.`,
        {
          field: key,
        },
      );
    }
    return { ...facts, format: 'rpm' };
  }
  if (!start.equals(DEB_MAGIC)) {
    throw new CordonError(
      'invalid_input',
      'The file is neither a Debian package (.deb) nor an RPM package (.rpm). Choose another file.',
    );
  }
  const facts = debFactsSchema.safeParse(Object.fromEntries(KEYS.map((key) => [key, stated[key]])));
  if (facts.success) return { ...facts.data, format: 'deb' };
  const [issue] = facts.error.issues;
  const field = String(issue?.path[0]);
  throw new CordonError(
    'invalid_input',
    `State name, version and architecture of a Debian package as "dpkg-deb --field FILE" prints them. ${field}: ${issue?.message}.`,
    { field },
  );
}

/** Parses a Base64 payload whose signature is not verified yet. Null if it is not JSON. */
function jsonOf(payload: string): unknown {
  try {
    return JSON.parse(Buffer.from(payload, 'base64').toString());
  } catch {
    // The payload may come from an attacker. The schema then refuses null.
    return null;
  }
}
