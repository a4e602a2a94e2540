/** Scripts on a real agent process, sent by a server that may lie. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandId, newCommandId } from '../../shared/protocol/ids.ts';
import { AgentProcess } from '../../tests/support/agent-process.ts';
import { startAgentServer } from '../../tests/support/agent-server.ts';
import { testAuthority } from '../../tests/support/enrollment.ts';
import { testPerson } from '../../tests/support/signed-documents.ts';
import { signedScript, type TestScript } from '../../tests/support/signed-scripts.ts';
import { until } from '../../tests/support/until.ts';
import { processesOf } from './leftover-processes.ts';
import { CUT_OFF } from './script-output.ts';

let ca: ReturnType<typeof testAuthority>;
let server: Awaited<ReturnType<typeof startAgentServer>>;
let agent: AgentProcess;

beforeAll(async () => {
  ca = testAuthority();
  server = await startAgentServer(ca.authority);
  agent = new AgentProcess();
  await agent.enroll(server.link());
  agent.run();
  await agent.connected();
}, 60_000);
afterAll(async () => {
  await agent.remove();
  await server.close();
  ca.remove();
});

const ada = () => server.people.slice(0, 1);
const reports = () => server.received.flatMap((frame) => (frame.kind === 'report' ? [frame.item] : []));

function send({ command, ...script }: TestScript, more: { arguments?: string[] } = {}): CommandId {
  const id = newCommandId();
  const sent = { ...command, ...(more.arguments && { arguments: more.arguments }) };
  server.send({ kind: 'command', id, command: sent, signedScript: script, expires: Date.now() + 600_000 });
  return id;
}

const finished = (id: CommandId) =>
  until(() => {
    const found = reports().find((item) => item.type === 'result' && item.command === id);
    if (found?.type !== 'result') throw new Error(`no result of ${id}:\n${agent.log}`);
    return found;
  }, 30_000);

/** Output in the order of its offsets. Fails if a piece is missing or sent twice with other text. */
function outputOf(id: CommandId): string {
  let text = '';
  for (const item of reports()) {
    if (item.type !== 'script-output' || item.command !== id) continue;
    expect(item.offset).toBe(Buffer.byteLength(text));
    text += item.text;
  }
  return text;
}

async function run(script: TestScript, more: Parameters<typeof send>[1] = {}) {
  const id = send(script, more);
  const { outcome, detail } = await finished(id);
  return { id, outcome, detail, output: outputOf(id) };
}

describe('a reviewed script', () => {
  it('runs with its arguments in a cleared environment and an own folder, and the user sees it', async () => {
    const text = 'echo "$1|$2"; env | cut -d= -f1 | sort | tr "\\n" " "; pwd; echo oops >&2; echo core $(ulimit -c)';
    const done = await run(signedScript(text, ada(), { arguments: ['first: text', 'second: text'] }), {
      arguments: ['a b', '$(id)'],
    });
    expect(done).toMatchObject({ outcome: 'done', detail: expect.stringContaining('exit code 0') });
    expect(done.output).toContain('a b|$(id)\n');
    expect(done.output).toContain('HOME LANG PATH PWD TMPDIR');
    expect(done.output).toContain('oops\n');
    expect(done.output).toContain('core 0\n');
    expect(done.output).toMatch(new RegExp(`${tmpdir()}/cordon-script-${done.id}-`));
    expect(readdirSync(tmpdir()).filter((name) => name.includes(done.id))).toEqual([]);

    const { out } = await agent.cli(['privacy']);
    expect(out).toContain('Check the disk (version 1): Succeeded');
    expect(out).toContain('Reviewed by ada of the test');
  });

  it('fails by its exit code, and runs with bash and python3', async () => {
    const failed = await run(signedScript('echo before; exit 3', ada()));
    expect(failed).toMatchObject({ outcome: 'failed', output: 'before\n' });
    expect(failed.detail).toContain('script_failed: The script ended with exit code 3');
    const bash = await run(signedScript('a=(1 2); echo $((a[0] + a[1]))', ada(), { interpreter: 'bash' }));
    expect(bash.output).toBe('3\n');
    const python = await run(
      signedScript('import sys; print(sys.argv[1:])', ada(), { interpreter: 'python3', arguments: ['a: text'] }),
      {
        arguments: ['é'],
      },
    );
    expect(python.output).toBe("['é']\n");
  });

  it('cannot read the keys of the agent', async () => {
    const key = agent.path('identity/key.pem');
    expect(existsSync(key)).toBe(true);
    const denied = await run(signedScript(`cat ${key}; cat /proc/${agent.pid}/environ; echo end`, ada()));
    expect(denied.outcome).toBe('done');
    expect(denied.output).not.toContain('PRIVATE KEY');
    expect(denied.output).not.toContain('CORDON_AGENT_HOME');
    expect(denied.output).toContain('end\n');
  });
});

it('a process that can only connect to the socket of the agent gets no response from it', async () => {
  const socket = connect(agent.path('agent.sock'));
  socket.write(`${JSON.stringify({ token: '', request: { op: 'inbox', all: true, limit: 10 } })}\n`);
  const response = Buffer.concat(await Array.fromAsync(socket)).toString();
  expect(JSON.parse(response)).toMatchObject({ error: 'forbidden' });
});

describe('the agent refuses', () => {
  const TEXT = 'echo ran';
  it.each([
    ['a script without a review', () => signedScript(TEXT, []), 'script_unreviewed'],
    [
      'the signature of a person who is no approver',
      () => signedScript(TEXT, [testPerson('mallory')]),
      'script_unreviewed',
    ],
    ["the author's own signature", () => signedScript(TEXT, ada(), { author: 'ada' }), 'script_unreviewed'],
    ['another text', () => ({ ...signedScript(TEXT, ada()), text: 'echo other' }), 'script_refused'],
    [
      'a statement of another installation',
      () => signedScript(TEXT, ada(), { installation: 'ins_other' }),
      'script_refused',
    ],
    [
      'an expired version',
      () => signedScript(TEXT, ada(), { expires: new Date(server.serve.now - 1000).toISOString() }),
      'script_refused',
    ],
    [
      'the statement of another version',
      () => signedScript(TEXT, ada(), { script: 'scr_aaaaaaaaaaaaaaaa' }),
      'script_refused',
    ],
    ['changed limits', () => tampered(signedScript(TEXT, ada())), 'script_unreviewed'],
  ])('%s', async (_name, script, code) => {
    const refused = await run(script());
    expect(refused).toMatchObject({ outcome: 'failed', output: '' });
    expect(refused.detail).toMatch(new RegExp(`^${code}: `));
  });

  it('arguments that the reviewer did not sign', async () => {
    const declared = signedScript('echo "$1"', ada(), { arguments: ['count: integer'] });
    for (const [script, values] of [
      [signedScript(TEXT, ada()), ['x']],
      [declared, ['1; id']],
      [declared, []],
      [declared, ['1', '2']],
    ] as const) {
      const refused = await run(script, { arguments: [...values] });
      expect(refused).toMatchObject({ outcome: 'failed', output: '' });
      expect(refused.detail).toMatch(/^script_refused: /);
    }
    expect(await run(declared, { arguments: ['7'] })).toMatchObject({ outcome: 'done', output: '7\n' });
  });

  it('every script if the machine switches scripts off', async () => {
    await agent.stop();
    const { out } = await agent.cli(['privacy'], { env: { CORDON_AGENT_SCRIPTS: 'off' } });
    expect(out).toContain('Scripts are switched off on this device.');
    const off = new AgentProcess({ CORDON_AGENT_SCRIPTS: 'off' }, agent.home);
    off.run();
    await off.connected();
    const refused = await run(signedScript(TEXT, ada()));
    expect(refused).toMatchObject({ outcome: 'failed', output: '' });
    expect(refused.detail).toMatch(/^scripts_off: /);
    await off.stop();
    agent.run();
    await agent.connected();
  }, 60_000);
});

/** The same signatures over a statement with a longer time. */
function tampered(script: TestScript): TestScript {
  const statement = Buffer.from(script.envelope.payload, 'base64').toString().replace('"seconds":30', '"seconds":31');
  return { ...script, envelope: { ...script.envelope, payload: Buffer.from(statement).toString('base64') } };
}

describe('limits', () => {
  it('end a script with its children at the deadline, also children that left the process group and their environment', async () => {
    const text = 'for i in "env -i setsid" setsid ""; do $i sleep 300 & echo $!; done; sleep 300';
    const ended = await run(signedScript(text, ada(), { seconds: 1 }));
    expect(ended).toMatchObject({ outcome: 'failed', output: expect.stringMatching(/^(\d+\n){3}$/) });
    expect(ended.detail).toContain('ran longer than 1 seconds');
    await haveEnded(ended.output);
  });

  it('end processes that leave the script and replace themselves all the time', async () => {
    const text = `import os
print('start', flush=True)
for _ in range(10):
    if os.fork() == 0:
        while True:
            try:
                os.setsid()
            except OSError:
                pass
            try:
                if os.fork():
                    os._exit(0)
            except OSError:
                pass`;
    const ended = await run(signedScript(text, ada(), { interpreter: 'python3' }));
    expect(ended).toMatchObject({ outcome: 'done', output: 'start\n' });
    expect(processesOf(ended.id)).toEqual([]);
  });

  it('bound memory and the size of files', async () => {
    const memory = await run(
      signedScript('print(len(bytearray(300 * 1024 * 1024)))', ada(), { interpreter: 'python3', memory: 128 }),
    );
    expect(memory).toMatchObject({ outcome: 'failed', output: expect.stringContaining('MemoryError') });
    const file = await run(signedScript('head -c 200000000 /dev/zero > big; wc -c < big', ada()));
    expect(file.output).toMatch(/104857600\n$/);
  });

  it('bound the output, with a mark, without a part of a character', async () => {
    const cut = await run(signedScript('yes "ßüß" | head -c 5000000; exit 0', ada(), { output: 33 }));
    expect(cut.outcome).toBe('done');
    expect(cut.output.endsWith(CUT_OFF)).toBe(true);
    expect(Buffer.byteLength(cut.output)).toBeLessThanOrEqual(33 * 1024 + CUT_OFF.length);
    expect(cut.output).not.toContain('�');
  });

  it('do not keep a script running when the agent stops', async () => {
    const id = send(signedScript('echo started; sleep 60', ada(), { seconds: 90 }));
    await until(() => expect(outputOf(id)).toBe('started\n'), 10_000);
    await agent.stop();
    agent.run();
    await agent.connected();
    expect(await finished(id)).toMatchObject({
      outcome: 'failed',
      detail: expect.stringMatching(/^script_interrupted: /),
    });
  }, 60_000);
});

it('an agent that is killed during a script reports an interruption, ends the script, and does not run it again', async () => {
  const text = 'for i in "env -i setsid" setsid; do $i sleep 300 & echo $!; done; sleep 300';
  const id = send(signedScript(text, ada(), { seconds: 600 }));
  await until(() => expect(outputOf(id)).toMatch(/^(\d+\n){2}$/), 10_000);
  await agent.kill();
  agent.run();
  await agent.connected();
  expect(await finished(id)).toMatchObject({
    outcome: 'failed',
    detail: expect.stringMatching(/^script_interrupted: /),
  });
  await haveEnded(outputOf(id));
  expect(outputOf(id)).toMatch(/^(\d+\n){2}$/);
  expect(agent.query('select outcome from script_run where id = ?', id)).toEqual([{ outcome: 'interrupted' }]);
}, 60_000);

/** Waits until the processes whose ids are the lines of the output have ended. A process ends shortly after the signal. */
const haveEnded = (output: string) =>
  until(() => {
    const states = output
      .trim()
      .split('\n')
      .map((pid) => [pid, stateOf(pid)]);
    expect(states.filter(([, state]) => state !== 'ended')).toEqual([]);
  }, 5000);

function stateOf(pid: string): string {
  try {
    const state = /^State:\t(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 'ended';
    return state === 'Z' ? 'ended' : state;
  } catch {
    return 'ended';
  }
}
