/** Scripts with signed statements, for tests of devices. */
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { signEnvelope } from '../../shared/order/dsse.ts';
import type { SignedScript } from '../../shared/protocol/frames.ts';
import { newScriptId, type ScriptId } from '../../shared/protocol/ids.ts';
import type { ScriptStatement } from '../../shared/scripts/statement.ts';
import { INSTALLATION, NOW, type TestPerson } from './signed-documents.ts';

export interface TestScript extends SignedScript {
  readonly command: { readonly kind: 'run-script'; readonly script: ScriptId; readonly version: number };
}

/** Script by the author `eve`, signed by the given people. `changes`: other fields of the statement. */
export function signedScript(
  text: string,
  signers: readonly TestPerson[],
  changes: Partial<ScriptStatement> = {},
): TestScript {
  const script = newScriptId();
  const statement: ScriptStatement = {
    installation: INSTALLATION,
    script,
    version: 1,
    name: 'Check the disk',
    purpose: 'Finds full disks',
    interpreter: 'sh',
    text: sha256(Buffer.from(text)),
    seconds: 30,
    memory: 256,
    output: 64,
    author: 'eve',
    expires: new Date(NOW + 86_400_000).toISOString(),
    ...changes,
  };
  const envelope = signEnvelope(
    PAYLOAD_TYPES.script,
    encodeCanonical(statement),
    signers.map(({ key }) => key),
  );
  const names = Object.fromEntries(signers.map(({ person }) => [person, `${person} of the test`]));
  return { envelope, text, names, command: { kind: 'run-script', script, version: statement.version } };
}
