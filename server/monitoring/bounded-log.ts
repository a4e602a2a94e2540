/**
 * Log that a flood of events cannot fill. Each kind of event has a maximum number of lines per period. One line at the end of the period
 * has the number of omitted events.
 */

export type Level = 'debug' | 'info' | 'warn';
export type LevelLog = Readonly<Record<Level, (facts: object, message: string) => void>>;

export interface Bounds {
  readonly most: number;
  readonly period: number;
}

/**
 * Function that writes an event to the log. `kind` is the kind of the event. It must be from a fixed set of names, because the log keeps a
 * counter in memory for each kind.
 */
export type BoundedLog = (level: Level, kind: string, facts: object, message: string) => void;

export function createBoundedLog(log: LevelLog, { most, period }: Bounds): BoundedLog {
  const counters = new Map<string, { lines: number; suppressed: number }>();
  return (level, kind, facts, message) => {
    let counter = counters.get(kind);
    if (!counter) {
      const fresh = { lines: 0, suppressed: 0 };
      counter = fresh;
      counters.set(kind, fresh);
      setTimeout(() => {
        counters.delete(kind);
        if (fresh.suppressed === 0) return;
        log[level](
          { event: kind, suppressed: fresh.suppressed, seconds: period / 1000 },
          'further events of this kind were not logged',
        );
      }, period).unref();
    }
    if (counter.lines < most) {
      counter.lines += 1;
      log[level]({ event: kind, ...facts }, message);
    } else counter.suppressed += 1;
  };
}
