/**
 * First of three steps that assemble the server: runs the checks before the first write (preflight), and creates the clock, log, keys,
 * store and bus.
 */
import { mkdirSync } from 'node:fs';
import type { Logger } from 'pino';
import { openAuthority } from '../../certs/authority.ts';
import { resolvePassphrase } from '../../certs/custody.ts';
import { CRL_PATH } from '../../shared/protocol/public-paths.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { DemoPort } from '../api/demo.ts';
import { LocalBus } from '../bus/bus.ts';
import { admitClock, type ClockWatch, UNWATCHED, watchClock } from '../clock/clock-watch.ts';
import { GuardedClock } from '../clock/guarded-clock.ts';
import { machineClocks } from '../clock/machine-clocks.ts';
import { measureTime } from '../clock/time-sources.ts';
import type { Config } from '../config.ts';
import { consoleLink, consoleOrigin, inUrl } from '../console-link.ts';
import { createMonitor } from '../monitoring/monitor.ts';
import { createServerLog } from '../monitoring/server-log.ts';
import { createPersonKeys } from '../person-keys/person-keys.ts';
import { markFilesOf } from '../startup/high-water-mark.ts';
import { startMarkKeeper } from '../startup/mark-keeper.ts';
import { preflight } from '../startup/preflight.ts';
import { ClockStore } from '../store/clock-store.ts';
import { MarkStore } from '../store/mark-store.ts';
import { RELEASED } from '../version.ts';

const DAY = 86_400_000;

/**
 * Parts of the server that tests and the demo replace. `clock`: a simulated clock; a released server always uses the machine's clock.
 * `demo`: control of the demo's simulated devices and clock.
 */
export interface Replacements {
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly demo?: DemoPort;
}

export type Foundation = Awaited<ReturnType<typeof openFoundation>>;

export async function openFoundation(config: Config, replacements: Replacements) {
  const machine = machineClocks();
  const guarded = new GuardedClock(machine);
  const clock = replacements.clock ?? guarded;
  /**
   * Real time for certificates, sessions, codes and rate limits. A simulated clock does not change it. While the machine's clock is in doubt,
   * real time goes on without the jump, so that admins can still sign in.
   */
  const realNow = replacements.clock ? Date.now : () => guarded.now();
  const log = replacements.log ?? createServerLog(config.log);
  const monitor = createMonitor(log);
  const [name = 'localhost'] = config.names;
  const host = inUrl(name);

  const clockPorts = { clock: guarded, machine, measure: () => measureTime(config.ntp), log };
  const checked = await preflight(config, (database, authorityEnds) =>
    replacements.clock
      ? Promise.resolve(null)
      : admitClock(
          { ...clockPorts, store: database && new ClockStore(database) },
          { released: RELEASED, authorityEnds, longestSilence: config.jumpDays * DAY, accepted: config.acceptClock },
        ),
  );
  const { database, keyFolder } = checked;

  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const passphrase = resolvePassphrase({ given: config.passphrase, file: config.passphraseFile, folder: keyFolder });
  const authority = openAuthority({
    folder: keyFolder,
    passphrase: passphrase.passphrase,
    organization: config.organization,
    serverNames: config.names,
    crlUrl: config.publicPort === 0 ? null : `https://${host}:${config.publicPort}${CRL_PATH}`,
    finish: 'later',
    now: realNow,
  });
  const { installation, personKeyFile, positionFile } = await checked.settle(authority);
  const personKeys = createPersonKeys(personKeyFile, authority);
  database.onQuery(monitor.query);
  for (const path of checked.damagedMarks) {
    log.warn(
      { path },
      'a copy of the high-water mark was damaged; the server used the other copy, and writes this one again',
    );
  }
  const mark = await startMarkKeeper({
    store: new MarkStore(database),
    paths: markFilesOf(keyFolder, config.personKeys),
    installation,
    online: authority.online,
    now: realNow,
    log,
  });
  database.onQuery((kind) => {
    if (kind === 'write') mark.noteWrite();
  });

  /** Ports of the listeners: the configured ports first, and the bound ports after the start. */
  const bound = { device: config.devicePort, public: config.publicPort, admin: config.admin.port };
  const watch = (): Promise<ClockWatch> =>
    replacements.clock
      ? Promise.resolve(UNWATCHED)
      : watchClock({ ...clockPorts, store: new ClockStore(database) }, checked.clockEntry);

  return {
    config,
    demo: replacements.demo,
    clock,
    realNow,
    /** Calls `listener` after each change of real time that the server has accepted. */
    onClockChange: (listener: () => void) => guarded.onAccept(listener),
    log,
    monitor,
    name,
    host,
    checked,
    database,
    keyFolder,
    passphrase,
    authority,
    installation,
    personKeyFile,
    personKeys,
    positionFile,
    mark,
    bus: new LocalBus(),
    bound,
    watchClock: watch,
    addresses: () => ({ publicUrl: `https://${host}:${bound.public}`, deviceUrl: `wss://${host}:${bound.device}` }),
    consoleOrigin: () => consoleOrigin(config, bound.admin),
    linkTo: (fragment: string) => consoleLink(config, bound.admin, fragment),
  };
}
