/**
 * Scripts that admins run on devices. A version never changes. A person other than its author reviews the exact text and signs a statement
 * about it with an approver key. Server and devices check the signature with the same code. Scripts are off until an owner turns them on.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type ApproverSet, readApproverSet } from '../../shared/order/approvers.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Envelope, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { hasSigned } from '../../shared/order/dsse.ts';
import { pae } from '../../shared/order/pae.ts';
import type { SignedScript } from '../../shared/protocol/frames.ts';
import {
  type AccountId,
  type CommandId,
  newScriptId,
  type PersonId,
  type ScriptId,
} from '../../shared/protocol/ids.ts';
import { requireDeclared } from '../../shared/scripts/declared-arguments.ts';
import { parseScriptStatement, type ScriptStatement } from '../../shared/scripts/statement.ts';
import { verifyScript } from '../../shared/scripts/verify-script.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { People } from '../independence/independence.ts';
import type { OutputPiece, Script, ScriptContent, ScriptStore, ScriptVersion } from './ports.ts';

type Rule = Pick<People, 'relation' | 'isSame'>;

export interface ScriptsPorts {
  readonly store: ScriptStore;
  readonly approverSets: {
    envelopes(): readonly Envelope[];
    people(): Promise<Rule>;
  };
  readonly installation: string;
  readonly bus: Bus;
  /** Server clock, by which versions expire. */
  readonly clock: Clock;
}

export interface Author {
  readonly person: PersonId;
  readonly account: AccountId;
  readonly name: string;
}

/** State of a version. `lapsed`: reviewed, but no reviewer is in the current approver set and independent of the author. */
export type VersionState = 'unreviewed' | 'reviewed' | 'lapsed' | 'expired' | 'withdrawn';

export interface JudgedVersion extends ScriptVersion {
  readonly state: VersionState;
}

export interface RunRequest {
  readonly script: ScriptId;
  readonly version: number;
  /** Arguments of the run. Absent for none. */
  readonly arguments?: readonly string[] | undefined;
}

const DAY = 86_400_000;
const MOST_SCRIPTS = 200;
const MOST_VERSIONS = 200;
const VERSIONS_SHOWN = 50;
/** Bytes that a device may send beyond the output limit of a version. They are for the text that says that the rest was cut off. */
const MARK = 256;
/** Total output in KiB that one job may cause. */
const MOST_OUTPUT = 1024 * 1024;
/** Maximum number of pieces of output in one response. */
const PIECES = 16;

export type Scripts = ReturnType<typeof createScripts>;

export function createScripts(ports: ScriptsPorts) {
  const { store, approverSets, clock } = ports;

  function approverSet(): ApproverSet | null {
    const set = approverSets.envelopes().at(-1);
    return set ? readApproverSet(set) : null;
  }

  function judge(version: ScriptVersion, set: ApproverSet | null, people: Rule): VersionState {
    if (version.withdrawn) return 'withdrawn';
    if (version.expiresAt <= clock.now()) return 'expired';
    if (version.reviews.length === 0) return 'unreviewed';
    try {
      const independent = (author: string, reviewer: string) => people.relation(author, reviewer) === null;
      verifyScript(scriptOf(version), version, set, clock.now(), independent);
      return 'reviewed';
    } catch (error) {
      if (isCordonError(error)) return 'lapsed';
      throw error;
    }
  }

  async function judged(versions: readonly ScriptVersion[]): Promise<JudgedVersion[]> {
    const [set, people] = [approverSet(), await approverSets.people()];
    return versions.map((version) => ({ ...version, state: judge(version, set, people) }));
  }

  async function version(script: ScriptId, number: number): Promise<JudgedVersion> {
    const found = await store.version(script, number);
    if (!found) throw new CordonError('not_found', `There is no version ${number} of this script.`, { id: script });
    const [result] = await judged([found]);
    if (!result) throw new Error('a version was not judged');
    return result;
  }

  return {
    ...createWriting(ports),
    ...createReviewing({ ...ports, approverSet, version }),
    version,

    async list(): Promise<(Script & { readonly newest: JudgedVersion | null })[]> {
      const [scripts, newest] = await Promise.all([store.scripts(), store.newestVersions()]);
      const known = new Map((await judged(newest)).map((each) => [each.script, each]));
      return scripts.map((script) => ({ ...script, newest: known.get(script.id) ?? null }));
    },

    async get(id: ScriptId): Promise<Script> {
      const found = (await store.scripts()).find((script) => script.id === id);
      if (!found) throw new CordonError('not_found', 'There is no such script.', { id });
      return found;
    },

    /**
     * Returns each version with the reason why this person cannot review it, or null, and with the approvers who can. Only the rule of two
     * people counts.
     */
    async reviewable(versions: readonly JudgedVersion[], person: PersonId) {
      const people = await approverSets.people();
      const approvers = [...new Set(approverSet()?.persons.values())];
      return versions.map((judgedVersion) => {
        const { author } = judgedVersion;
        const reviewers = approvers.filter((approver) => people.relation(author, approver) === null);
        return { version: judgedVersion, obstacle: reviewObstacle(author, person, people), reviewers };
      });
    },

    versions: async (script: ScriptId, before: number | null) =>
      judged(await store.versions(script, before, VERSIONS_SHOWN)),

    /** Throws the reason why the version cannot run now on this number of devices. */
    async requireRunnable(
      { script, version: number, arguments: given = [] }: RunRequest,
      devices: number,
    ): Promise<void> {
      if (!(await store.settings()).on) throw scriptsOff();
      const { state, output, arguments: declared } = await version(script, number);
      if (state !== 'reviewed')
        throw new CordonError('script_unreviewed', NOT_RUNNABLE[state], { script, version: number });
      requireDeclared(declared, given);
      if (devices * output <= MOST_OUTPUT) return;
      const most = Math.floor(MOST_OUTPUT / output);
      const detail = `The server stores at most 1 GiB of output of one job, so this version runs on at most ${most} devices at a time. Use a smaller group, or write a version with a lower output limit.`;
      throw new CordonError('too_large', detail, { devices, most });
    },

    /** Finds the script for the devices. Null if the version may not run, for example because it was withdrawn. */
    async signed({ script, version: number }: RunRequest): Promise<SignedScript | null> {
      if (!(await store.settings()).on) return null;
      const found = await store.version(script, number);
      if (!found || judge(found, approverSet(), await approverSets.people()) !== 'reviewed') return null;
      return { ...scriptOf(found), names: Object.fromEntries(found.reviews.map(({ person, name }) => [person, name])) };
    },

    addOutput: (piece: OutputPiece): Promise<void> => store.addOutput(piece, MARK),
    output: (command: CommandId, from: number) => store.output(command, from, PIECES),
  };
}

/** Settings and versions, as authors write them. */
function createWriting({ store, installation, bus, clock }: ScriptsPorts) {
  function versionOf(
    script: Pick<Script, 'id' | 'name'>,
    number: number,
    content: ScriptContent,
    days: number,
    by: Author,
  ) {
    const createdAt = clock.now();
    const expiresAt = createdAt + days * DAY;
    const { purpose, interpreter, text, seconds, memory, output } = content;
    const statement: ScriptStatement = {
      installation,
      script: script.id,
      version: number,
      name: script.name,
      purpose,
      interpreter,
      text: sha256(Buffer.from(text)),
      seconds,
      memory,
      output,
      ...(content.arguments.length > 0 && { arguments: [...content.arguments] }),
      author: by.person,
      expires: new Date(expiresAt).toISOString(),
    };
    const payload = canonicalText(statement);
    // A statement that devices cannot parse is rejected here, before a person signs it.
    parseScriptStatement(Buffer.from(payload));
    const digest = sha256(Buffer.from(payload));
    const made: ScriptVersion = {
      ...content,
      script: script.id,
      version: number,
      payload,
      digest,
      author: by.person,
      createdBy: by.account,
      createdAt,
      expiresAt,
      reviews: [],
      withdrawn: null,
    };
    const particulars = { script: script.id, version: number, digest };
    const entry: EntryDraft<'script.version'> = {
      kind: 'script.version',
      at: createdAt,
      subject: by.account,
      public: particulars,
    };
    return { made, entry };
  }

  return {
    settings: () => store.settings(),

    async switch(on: boolean, by: AccountId) {
      const settings = { on, at: clock.now(), by };
      await store.saveSettings(settings, {
        kind: 'scripts.switched',
        at: settings.at,
        subject: by,
        public: { on: on ? 1 : 0 },
      });
      bus.publish({ kind: 'scripts' });
      return settings;
    },

    /** Creates a version. `days`: days until the version expires. */
    async create(name: string, content: ScriptContent, days: number, by: Author): Promise<Script> {
      const script = { id: newScriptId(), name, createdAt: clock.now(), newestVersion: 1 };
      const { made, entry } = versionOf(script, 1, content, days, by);
      await store.insert(script, made, MOST_SCRIPTS, entry);
      bus.publish({ kind: 'scripts' });
      return script;
    },

    /** Creates the next version. `after`: newest version that the author has read. Throws `conflict` if the script has a newer one. */
    async addVersion(
      script: Script,
      after: number,
      content: ScriptContent,
      days: number,
      by: Author,
    ): Promise<ScriptVersion> {
      if (after >= MOST_VERSIONS) {
        throw new CordonError('conflict', `The script has ${MOST_VERSIONS} versions. Create a new script.`, {
          id: script.id,
        });
      }
      const { made, entry } = versionOf(script, after + 1, content, days, by);
      await store.addVersion(made, entry);
      bus.publish({ kind: 'scripts' });
      return made;
    },
  };
}

function createReviewing({
  store,
  bus,
  clock,
  approverSet,
  approverSets,
  version,
}: ScriptsPorts & {
  readonly approverSet: () => ApproverSet | null;
  readonly version: (script: ScriptId, number: number) => Promise<JudgedVersion>;
}) {
  return {
    /** Stores the reviewer's signature. `digest`: digest of the statement that the reviewer read. */
    async review(
      script: ScriptId,
      number: number,
      reviewer: Author,
      { digest, keyid, signature }: { readonly digest: string; readonly keyid: string; readonly signature: string },
    ): Promise<JudgedVersion> {
      const found = await version(script, number);
      if (found.digest !== digest) throw new CordonError('conflict', 'The version has another digest. Read it again.');
      if (found.state === 'withdrawn' || found.state === 'expired') {
        throw new CordonError('script_unreviewed', NOT_RUNNABLE[found.state], { script, version: number });
      }
      checkReview(approverSet(), await approverSets.people(), found, reviewer, { keyid, signature });
      const at = clock.now();
      const { person, account, name } = reviewer;
      const review = { keyid, sig: signature, person, account, name, at };
      const particulars = { script, version: number, digest };
      const entry = { kind: 'script.reviewed', at, subject: account, public: particulars } as const;
      if (!(await store.addReview(script, number, review, entry))) {
        throw new CordonError('conflict', 'The version was withdrawn. Write a new version.');
      }
      bus.publish({ kind: 'scripts' });
      return version(script, number);
    },

    async withdraw(script: ScriptId, number: number, by: AccountId): Promise<JudgedVersion> {
      const at = clock.now();
      const entry = { kind: 'script.withdrawn', at, subject: by, public: { script, version: number } } as const;
      if (!(await store.withdraw(script, number, { at, by }, entry))) {
        throw new CordonError('not_found', `There is no version ${number} of this script.`, { id: script });
      }
      bus.publish({ kind: 'scripts' });
      return version(script, number);
    },
  };
}

/** Returns the reason why this person cannot review the author's version, or null. */
function reviewObstacle(author: string, person: string, people: Rule): string | null {
  const relation = people.relation(author, person);
  if (relation === null) return null;
  const why = people.isSame(author, person)
    ? 'You wrote this version, with this account or another of your accounts.'
    : `${relation} Therefore you count as one person with the author.`;
  return `${why} Another approver must review it.`;
}

/** Throws unless the signature is valid, the key belongs to the reviewer and to the approver set, and the reviewer is independent of the author. */
function checkReview(
  set: ApproverSet | null,
  people: Rule,
  { payload, author }: ScriptVersion,
  { person }: Author,
  { keyid, signature }: { readonly keyid: string; readonly signature: string },
): void {
  if (!set)
    throw new CordonError('approvers_required', 'No approver set exists yet. Propose one under People & access.');
  const key = set.keys.find((each) => each.keyid === keyid);
  if (!key) {
    const detail = `Approver set ${set.approvers.version} does not name this key. Only its approvers can review scripts.`;
    throw new CordonError('approver_unknown', detail, { keyid });
  }
  if (!people.isSame(set.persons.get(keyid) ?? '', person)) {
    throw new CordonError('forbidden', 'This key belongs to another person. Sign with your own.');
  }
  const obstacle = reviewObstacle(author, person, people);
  if (obstacle !== null) throw new CordonError('same_person', obstacle);
  if (hasSigned(key, pae(PAYLOAD_TYPES.script, Buffer.from(payload)), Buffer.from(signature, 'base64'))) return;
  throw new CordonError('approval_invalid', 'The signature does not match the exact bytes of the statement.');
}

const scriptOf = ({
  payload,
  text,
  reviews,
}: ScriptVersion): { readonly envelope: Envelope; readonly text: string } => ({
  envelope: {
    payloadType: PAYLOAD_TYPES.script,
    payload: Buffer.from(payload).toString('base64'),
    signatures: reviews.map(({ keyid, sig }) => ({ keyid, sig })),
  },
  text,
});

export const scriptsOff = () =>
  new CordonError('scripts_off', 'Scripts are switched off. An owner can turn them on under Scripts.');

const NOT_RUNNABLE: Readonly<Record<Exclude<VersionState, 'reviewed'>, string>> = {
  unreviewed: 'Nobody has reviewed this version. A person other than its author must review and sign it.',
  lapsed:
    'No reviewer of this version is in the current approver set and independent of the author. An approver must review it again.',
  expired: 'This version has expired. Write and review a new version.',
  withdrawn: 'This version was withdrawn. Write and review a new version.',
};
