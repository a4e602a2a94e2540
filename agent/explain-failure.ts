/** An error as its user is told of it: what happened, how to mend it, and the exit code. One table; never a stack, never raw JSON. */
import { ZodError } from 'zod';
import { isCordonError } from '../shared/errors.ts';
import { EXIT, EXIT_CODES } from './exit-codes.ts';

export interface Explained {
  /** Text for the user: a single line. */
  readonly words: string;
  readonly exit: number;
}

type Explain = (what: string, path: string) => Explained;

const unreachable: Explain = (what) => ({
  words: `The server cannot be reached (${what}): check the network, and that the server runs; then try again.`,
  exit: EXIT.unavailable,
});
const untrusted: Explain = (what) => ({
  words: `The server’s certificate does not hold (${what}): you may be talking to somebody else. Tell your admin.`,
  exit: EXIT.unverified,
});
const outOfTime: Explain = (what) => ({
  words: `The server’s certificate is not valid at the time that this machine shows (${what}): set its clock right. If it is right, tell your admin.`,
  exit: EXIT.unverified,
});
const forbidden: Explain = (_what, path) => ({
  words: `There is no permission for ${path}: run this as the user whose it is, or choose another --home.`,
  exit: EXIT.refused,
});
const damaged: Explain = () => ({
  words: 'The agent’s state is damaged. Restore agent.db from a backup, or remove it and enroll this machine again.',
  exit: EXIT.failed,
});
const full: Explain = () => ({
  words: 'The disk is full: make room, and try again. Nothing was lost.',
  exit: EXIT.unavailable,
});

/** The primary result codes of SQLite (sqlite.org/rescode.html), which Node gives as `errcode`. */
const BY_SQLITE: Readonly<Record<number, Explain>> = {
  5: () => ({
    words: 'Another program has locked the agent’s state. Stop that program, then try again.',
    exit: EXIT.conflict,
  }),
  8: () => ({
    words: 'The agent’s state is read-only. Run this as the user of the agent, or choose another --home.',
    exit: EXIT.refused,
  }),
  10: () => ({
    words: 'The disk reports an error or is full. Check its free space and the kernel log.',
    exit: EXIT.unavailable,
  }),
  11: damaged,
  13: full,
  14: () => ({
    words: 'The agent’s state cannot be opened. Run this as the user of the agent, or choose another --home.',
    exit: EXIT.refused,
  }),
  26: damaged,
};

/** By the `code` that Node and OpenSSL give. */
const BY_CODE: Readonly<Record<string, Explain>> = {
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ETIMEDOUT: unreachable,
  EPIPE: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  CERT_HAS_EXPIRED: outOfTime,
  CERT_NOT_YET_VALID: outOfTime,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  EACCES: forbidden,
  EPERM: forbidden,
  EROFS: forbidden,
  ENOSPC: full,
  EDQUOT: full,
  ENOENT: (_what, path) => ({ words: `There is no ${path}.`, exit: EXIT.notFound }),
  EISDIR: (_what, path) => ({ words: `${path || 'That'} is a folder; name a file.`, exit: EXIT.usage }),
  ERR_SQLITE_ERROR: (what) => ({
    words: `The agent’s state cannot be used (${what}): is its file from a newer version?`,
    exit: EXIT.failed,
  }),
};

export function explainFailure(error: unknown): Explained {
  if (isCordonError(error)) return { words: `${error.message} (${error.code})`, exit: EXIT_CODES[error.code] };
  if (error instanceof ZodError || error instanceof SyntaxError) {
    return {
      words:
        'The server, or a file of the agent, said something that makes no sense here: is this a Cordon server, and as new as this agent?',
      exit: EXIT.unverified,
    };
  }
  const what = error instanceof Error ? error.message || error.name : String(error);
  if (error instanceof Error && 'errcode' in error) {
    const explain = BY_SQLITE[Number(error.errcode) & 0xff];
    if (explain) return explain(what, '');
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const path = error instanceof Error && 'path' in error ? String(error.path) : '';
  return BY_CODE[code]?.(what === 'AggregateError' ? code : what, path) ?? { words: what, exit: EXIT.failed };
}
