import { ZodError } from 'zod';
import { isCordonError } from '../shared/errors.ts';
import { EXIT } from '../shared/exit-codes.ts';
import { exitOf } from './exit-codes.ts';

export interface Explained {
  readonly words: string;
  readonly exit: number;
}

type Explain = (what: string, path: string) => Explained;

const unreachable: Explain = (what) => ({
  words: `The server cannot be reached (${what}). Check the network and the server, then try again.`,
  exit: EXIT.unavailable,
});
const untrusted: Explain = (what) => ({
  words: `The server’s certificate is not valid (${what}). Another machine may pretend to be the server. Tell your admin.`,
  exit: EXIT.unverified,
});
const outOfTime: Explain = (what) => ({
  words: `The server’s certificate is not valid at this machine’s time (${what}). Set this machine’s clock. If the clock is right, tell your admin.`,
  exit: EXIT.unverified,
});
const forbidden: Explain = (_what, path) => ({
  words: `You have no permission for ${path}. Run this command as the owner of the file, or choose another --home.`,
  exit: EXIT.forbidden,
});
const damaged: Explain = () => ({
  words: 'The agent’s state is damaged. Restore agent.db from a backup, or remove it and enroll this machine again.',
  exit: EXIT.failed,
});
const full: Explain = () => ({
  words: 'The disk is full. Free some space and try again. No data was lost.',
  exit: EXIT.unavailable,
});

/** Primary result codes of SQLite (sqlite.org/rescode.html), which Node reports as `errcode`. */
const BY_SQLITE: Readonly<Record<number, Explain>> = {
  5: () => ({
    words: 'Another program has locked the agent’s state. Stop that program, then try again.',
    exit: EXIT.conflict,
  }),
  8: () => ({
    words: 'The agent’s state is read-only. Run this command as the agent’s user, or choose another --home.',
    exit: EXIT.forbidden,
  }),
  10: () => ({
    words: 'The disk is full or reports an error. Check its free space and the kernel log.',
    exit: EXIT.unavailable,
  }),
  11: damaged,
  13: full,
  14: () => ({
    words: 'The agent’s state cannot be opened. Run this command as the agent’s user, or choose another --home.',
    exit: EXIT.forbidden,
  }),
  26: damaged,
};

/** Explanations of network errors, by the error codes of Node and OpenSSL. */
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
  ENOENT: (_what, path) => ({ words: `${path} does not exist. Check the name.`, exit: EXIT.notFound }),
  EISDIR: (_what, path) => ({ words: `${path || 'The given path'} is a folder. Name a file.`, exit: EXIT.usage }),
  ERR_SQLITE_ERROR: (what) => ({
    words: `The agent’s state cannot be read (${what}). A newer version of the agent may have written it. Update the agent.`,
    exit: EXIT.failed,
  }),
};

export function explainFailure(error: unknown): Explained {
  if (isCordonError(error)) return { words: `${error.message} (${error.code})`, exit: exitOf(error.code) };
  if (error instanceof ZodError || error instanceof SyntaxError) {
    return {
      words:
        'A response of the server, or a file of the agent, has an unknown format. Check that the address is a Cordon server, and that server and agent have the same version.',
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
