/**
 * Names of files in the mirror, and the decision about what the mirror and the user's mail must change to agree. Format of the names:
 * https://cr.yp.to/proto/maildir.html, `SECONDS.ID.cordon` and after it `:2,` with flags.
 */

export interface MirroredMail {
  readonly id: string;
  readonly folder: 'inbox' | 'sent';
  readonly at: number;
  readonly unread: boolean;
}

export interface MirrorFile {
  readonly id: string;
  readonly folder: MirroredMail['folder'];
  readonly place: 'new' | 'cur';
  readonly name: string;
  /** Flags in the file name, in alphabetic order, such as `FS`. */
  readonly flags: string;
}

export type MirrorChange =
  | { readonly kind: 'deliver'; readonly mail: MirroredMail }
  | { readonly kind: 'remove'; readonly file: MirrorFile }
  /** Renames the file, because the mail was marked in Cordon. */
  | { readonly kind: 'flag'; readonly file: MirrorFile; readonly unread: boolean }
  /** Marks the mail in Cordon, because another mail program changed the file's flag. */
  | { readonly kind: 'mark'; readonly id: string; readonly unread: boolean };

export const SEEN = 'S';
const NAME = /^\d{1,12}\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.cordon(?:,[^:]*)?(?::2,([A-Za-z]*))?$/;

/** Newest time in a name, in seconds (the year 5138). The sender of a mail chooses its time, and file systems have limits. */
const LAST_SECOND = 99_999_999_999;
/** Maximum bytes of a file's name on Linux and macOS. */
const LONGEST_NAME = 255;

/** Time of a mail in seconds, as its file has it. */
export const fileTime = ({ at }: Pick<MirroredMail, 'at'>): number => Math.min(Math.max(0, at / 1000), LAST_SECOND);

/** The name depends only on the mail, so a repeated delivery after a crash replaces the file. */
export const baseName = ({ id, at }: Pick<MirroredMail, 'id' | 'at'>): string =>
  `${Math.floor(fileTime({ at }))}.${id}.cordon`;

export const nameWithFlags = (name: string, flags: string): string => `${name.replace(/:2,.*$/, '')}:2,${flags}`;

/** Name of a file after a mark. A name that would be too long loses the fields that another program added after a comma. */
export function markedName({ name, flags }: Pick<MirrorFile, 'name' | 'flags'>, unread: boolean): string {
  const marked = nameWithFlags(name, withUnread(flags, unread));
  if (marked.length <= LONGEST_NAME) return marked;
  return nameWithFlags(name.replace(/[,:].*$/, ''), withUnread(flags, unread));
}

/** Id and flags in the name of a mirrored mail; null for other files, such as drafts of a mail program. */
export function readName(name: string): { readonly id: string; readonly flags: string } | null {
  const [, id, flags = ''] = NAME.exec(name) ?? [];
  return id === undefined ? null : { id, flags };
}

export const isUnread = ({ flags }: Pick<MirrorFile, 'flags'>): boolean => !flags.includes(SEEN);

export function withUnread(flags: string, unread: boolean): string {
  const others = [...new Set(flags)].filter((flag) => flag !== SEEN);
  return [...others, ...(unread ? [] : [SEEN])].sort().join('');
}

/**
 * Computes the changes that make mirror and mails agree. `delivered`: mails that the mirror has had. If such a mail has no file, another
 * mail program has deleted the file, and the mail does not return to the mirror. `agreed`: the last value of `unread` on which mirror and
 * mail agreed. After a start of the agent, this value is missing. A mail then counts as read if either side says so.
 */
export function mirrorChanges(
  mails: readonly MirroredMail[],
  files: readonly MirrorFile[],
  known: { readonly delivered: ReadonlySet<string>; readonly agreed: ReadonlyMap<string, boolean> },
): MirrorChange[] {
  const wanted = new Map(mails.map((mail) => [mail.id, mail]));
  const changes: MirrorChange[] = [];
  const present = new Set<string>();
  for (const file of files) {
    const mail = wanted.get(file.id);
    if (!mail || present.has(file.id)) {
      changes.push({ kind: 'remove', file });
      continue;
    }
    present.add(file.id);
    if (mail.folder === 'sent' || isUnread(file) === mail.unread) continue;
    const before = known.agreed.get(file.id) ?? true;
    const isMarkedInCordon = before !== mail.unread;
    changes.push(
      isMarkedInCordon
        ? { kind: 'flag', file, unread: mail.unread }
        : { kind: 'mark', id: file.id, unread: isUnread(file) },
    );
  }
  for (const mail of mails) {
    if (!present.has(mail.id) && !known.delivered.has(mail.id)) changes.push({ kind: 'deliver', mail });
  }
  return changes;
}
