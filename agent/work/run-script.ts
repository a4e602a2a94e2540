/**
 * Command `run-script`. The agent verifies the script with the approver set that it trusts, runs it, and reports the output while it runs.
 * A script is not repeatable: after a crash the agent ends what is left of it, and reports an interruption instead of running it again.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { ApproverSet } from '../../shared/order/approvers.ts';
import type { Command, SignedScript } from '../../shared/protocol/frames.ts';
import type { CommandId } from '../../shared/protocol/ids.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import { requireDeclared } from '../../shared/scripts/declared-arguments.ts';
import type { ScriptStatement } from '../../shared/scripts/statement.ts';
import { verifyScript } from '../../shared/scripts/verify-script.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Isolation } from './script-isolation.ts';
import { createScriptOutput, type OutputPiece } from './script-output.ts';
import { clearLeftovers, type RunningScript, type ScriptEnd, startScript } from './script-process.ts';
import type { ScriptRecord, ScriptRecordStore } from './script-record.ts';

export type RunScript = Extract<Command, { kind: 'run-script' }>;

export interface ScriptPorts {
  readonly store: ScriptRecordStore & { report(item: ReportItem): void; transaction<T>(work: () => T): T };
  /** Approver set that the device verified itself; null before the first one. */
  readonly approverSet: () => ApproverSet | null;
  /** Finds the isolation for scripts; null if the configuration of the machine switches scripts off. */
  readonly isolation: (() => Promise<Isolation>) | null;
  readonly deviceNow: () => Instant;
  readonly onReport: () => void;
  /** Tells the user that a script has ended. */
  readonly onKept: (record: ScriptRecord) => void;
}

export interface ScriptRunner {
  /** Runs the script and resolves with the text of the result. Throws the reason if the agent refuses the script, or if it failed. */
  run(id: CommandId, command: RunScript, script: SignedScript | undefined): Promise<string>;
  /** Called after a crash of the agent. Ends the remaining processes of the script, and throws `script_interrupted`. */
  interrupted(id: CommandId): never;
  /** Ends a running script, because the agent stops. */
  stop(): Promise<void>;
  list(): readonly ScriptRecord[];
}

const SHOWN = 50;
/** Milliseconds between two reports of output that is shorter than the longest piece. */
const REPORT_EVERY = 1000;

export function createScriptRunner(ports: ScriptPorts): ScriptRunner {
  const { store, deviceNow } = ports;
  let running: RunningScript | null = null;

  function verified(command: RunScript, script: SignedScript | undefined) {
    if (!script) throw new CordonError('script_refused', 'The server sent the command without its script.');
    const reviewed = verifyScript(script, command, ports.approverSet(), deviceNow());
    // The server chooses the arguments, so the device accepts only those that the reviewer signed.
    requireDeclared(reviewed.statement.arguments ?? [], command.arguments ?? []);
    return reviewed;
  }

  function end(id: CommandId, outcome: Exclude<ScriptRecord['outcome'], 'running'>): void {
    store.endScript(id, outcome, deviceNow());
    const record = store.scripts(SHOWN).find((each) => each.id === id);
    if (record) ports.onKept(record);
  }

  async function run(id: CommandId, command: RunScript, script: SignedScript | undefined): Promise<string> {
    if (!ports.isolation) {
      throw new CordonError('scripts_off', 'Scripts are switched off on this device (CORDON_AGENT_SCRIPTS).');
    }
    const { statement, reviewers } = verified(command, script);
    const isolation = await ports.isolation();
    const startedAt = deviceNow();
    const { name, version, purpose } = statement;
    const names = reviewers.map((person) => script?.names[person] ?? person);
    store.addScript({ id, name, version, purpose, reviewers: names, startedAt });
    const output = createScriptOutput(statement.output * 1024);
    const report = (complete: boolean) => reportPieces(ports, id, output.take(complete));
    const timer = setInterval(() => report(true), REPORT_EVERY);
    const began = performance.now();
    try {
      running = startScript({
        command: id,
        statement,
        text: script?.text ?? '',
        arguments: command.arguments ?? [],
        isolation,
        onOutput(stream, bytes) {
          output.add(stream, bytes);
          report(false);
        },
      });
      const ended = await running.ended;
      output.end();
      report(true);
      const text = resultOf(ended, statement, Math.round((performance.now() - began) / 1000));
      end(id, 'done');
      return text;
    } catch (error) {
      end(id, isCordonError(error, 'script_interrupted') ? 'interrupted' : 'failed');
      throw error;
    } finally {
      clearInterval(timer);
      running = null;
    }
  }

  return {
    run,
    interrupted(id) {
      clearLeftovers(id);
      end(id, 'interrupted');
      throw interruption();
    },
    async stop() {
      running?.stop();
      await running?.ended.catch(() => undefined);
    },
    list: () => store.scripts(SHOWN),
  };
}

function reportPieces({ store, onReport }: ScriptPorts, command: CommandId, pieces: readonly OutputPiece[]): void {
  if (pieces.length === 0) return;
  store.transaction(() => {
    for (const { offset, text } of pieces)
      store.report({ type: 'script-output', command, offset, text, at: Date.now() });
  });
  onReport();
}

const interruption = () =>
  new CordonError(
    'script_interrupted',
    'The agent stopped while the script ran. The script may have run in part, and the agent does not run it again.',
  );

/** Returns the result text of a successful script. Throws the reason for any other script. */
function resultOf({ reason, code, signal }: ScriptEnd, { seconds }: ScriptStatement, took: number): string {
  if (reason === 'stopped') throw interruption();
  const failure =
    reason === 'limits'
      ? 'This machine cannot limit a script, so the agent did not run it.'
      : reason === 'deadline'
        ? `The script ran longer than ${seconds} seconds, and the agent ended it.`
        : code === null
          ? `The signal ${signal ?? 'unknown'} ended the script after ${took} seconds.`
          : code === 0
            ? null
            : `The script ended with exit code ${code} after ${took} seconds.`;
  if (failure !== null) throw new CordonError('script_failed', failure);
  return `The script ended with exit code 0 after ${took} seconds.`;
}
