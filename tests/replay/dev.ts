/**
 * `npm run dev`: the released server on the system's clock, restarted at each change of its code; the console with reload; approvers; and a
 * small fleet of real agents that stays connected. All data is in ./.cordon-dev. Remove the folder to start again.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { type Operator, setUp } from '../support/operator.ts';
import { openAddresses } from './addresses.ts';
import { serveConsoleSources } from './dev-console.ts';
import { Fleet, FleetProcess } from './fleet.ts';
import type { Fleet as Description } from './timeline.ts';

const FOLDER = resolve('.cordon-dev');
/** Written last: a folder without it belongs to an interrupted start. */
const STATE = join(FOLDER, 'people.json');
const stateSchema = z.array(
  z.object({
    name: z.string(),
    token: z.string(),
    key: z.string().nullable(),
    signIn: z.object({ email: z.string(), password: z.string(), totpSecret: z.string() }),
  }),
);
type State = z.infer<typeof stateSchema>;

const living = (label: string, country: string, position: [number, number, number]): Description => ({
  label,
  count: 3,
  home: country,
  online: true,
  evidence: { ip: country, position },
});
const FLEETS = [
  living('karachi', 'PK', [24.86, 67.01, 50]),
  living('berlin', 'DE', [52.52, 13.4, 50]),
  living('toronto', 'CA', [43.65, -79.38, 50]),
  living('nairobi', 'KE', [-1.29, 36.82, 50]),
];

/** Resolves with the admin listener's URL and, at the very first start, the first owner's link. */
function startServer(): Promise<{ admin: string; firstOwner: string | null }> {
  const child = spawn(process.execPath, ['--watch', '--watch-preserve-output', 'server/start.js'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      CORDON_BIND: '127.0.0.1',
      CORDON_LOG: 'warn',
      ...process.env,
      CORDON_HOME: join(FOLDER, 'server'),
      CORDON_PASSPHRASE_FILE: join(FOLDER, 'passphrase'),
      // The fleet connects through a proxy that states the address of each device.
      CORDON_PROXY_FROM: '127.0.0.1',
      // Vite serves the console from its sources.
      CORDON_BUILD_CONSOLE: 'false',
    },
  });
  process.once('exit', () => child.kill());
  return new Promise((ready, failed) => {
    let output = '';
    child.once('exit', (code) => failed(new Error(`the server ended with ${code}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk);
      output = `${output}${chunk}`.slice(-10_000);
      const admin = /^ {2}admins +(\S+)$/m.exec(output)?.[1];
      const firstOwner = /First owner: (\S+)/.exec(output)?.[1] ?? null;
      if (admin && /^ready$/m.test(output)) ready({ admin, firstOwner });
    });
  });
}

/** Key files, so that `cordon orders approve --key` works with them. */
function keep({ owner, proposer, approvers }: Operator): State {
  const signers = approvers.map(({ name, token, signIn, pem }) => {
    const key = join(FOLDER, `${name}.pem`);
    writeFileSync(key, pem, { mode: 0o600 });
    return { name, token, signIn, key };
  });
  return [...[owner, proposer].map(({ name, token, signIn }) => ({ name, token, signIn, key: null })), ...signers];
}

async function enroll(fleet: Fleet, operator: Operator): Promise<void> {
  const { label, count, home } = fleet.description;
  const group = await operator.group(label);
  const users = Array.from({ length: count }, (_, index) => `${label} ${index + 1}`);
  const codes = await Promise.all(users.map((user) => operator.code({ user, group, home })));
  await fleet.enroll(codes.map(({ link }) => link));
}

function readState(): State {
  const state = stateSchema.safeParse(JSON.parse(readFileSync(STATE, 'utf8')));
  if (state.success) return state.data;
  throw new Error(`${FOLDER} is of another version: remove it and start again.`);
}

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  const known = existsSync(STATE) ? readState() : null;
  const { admin, firstOwner } = await startServer();
  if (known === null && firstOwner === null) {
    throw new Error(`An earlier start was cut off half-way: remove ${FOLDER} and start again.`);
  }
  const addresses = openAddresses();
  const fleets = FLEETS.map((each, index) => {
    const process = new FleetProcess(each.label, FOLDER);
    return new Fleet(each, process, addresses, index * each.count, Date.now());
  });
  await Promise.all(fleets.map(({ process }) => process.open({ ahead: 0 })));
  let people = known ?? [];
  if (known === null && firstOwner !== null) {
    const operator = await setUp(admin, firstOwner);
    for (const fleet of fleets) await enroll(fleet, operator);
    people = keep(operator);
    writeFileSync(STATE, JSON.stringify(people), { mode: 0o600 });
  }
  await Promise.all(fleets.map(({ process }) => process.launch()));
  await Promise.all(fleets.map(({ process }) => process.live()));

  const served = await serveConsoleSources(admin, people);
  const lines = people.flatMap(({ name, token, key }) => [
    `  ${name}  ${served.signInLink(name)}`,
    `    ${token}${key ? `  --key ${relative('.', key)}` : ''}`,
  ]);
  console.log(
    [
      `${fleets.length * 3} devices are alive in ${FLEETS.map(({ home }) => home).join(', ')}.`,
      `The console with reload: ${served.url}`,
      'A link that signs each in, their tokens, and the key files of those who approve (passphrase: "the passphrase of NAME"):',
      ...lines,
      `  CORDON_SERVER=${admin} CORDON_TOKEN=… npm run cordon -- devices list`,
    ].join('\n'),
  );
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));
main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
