import { z } from 'zod';
import { type CommandId, commandIdSchema } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { ScriptRecord, ScriptRecordStore } from '../work/script-record.ts';
import type { DeviceRows } from './device-rows.ts';

/** Maximum number of scripts that the device remembers for its user. */
const MOST = 200;

const outcomeSchema = z.enum(['running', 'done', 'failed', 'interrupted']);

export function scriptRows(rows: DeviceRows): ScriptRecordStore {
  return {
    addScript({ id, name, version, purpose, reviewers, startedAt }): void {
      rows.transaction(() => {
        rows.run(
          "insert or ignore into script_run (device, id, name, version, purpose, reviewers, started, outcome) values (?, ?, ?, ?, ?, ?, ?, 'running')",
          id,
          name,
          version,
          purpose,
          JSON.stringify(reviewers),
          startedAt,
        );
        const newest = rows.all(
          'select number from script_run where device = ? order by number desc limit 1 offset ?',
          MOST,
        );
        rows.run('delete from script_run where device = ? and number <= ?', Number(newest[0]?.number ?? 0));
      });
    },
    endScript(id: CommandId, outcome: ScriptRecord['outcome'], at: Instant): void {
      rows.run(
        "update script_run set outcome = ?2, finished = ?3 where device = ?1 and id = ?4 and outcome = 'running'",
        outcome,
        at,
        id,
      );
    },
    scripts(limit: number): readonly ScriptRecord[] {
      const found = rows.all('select * from script_run where device = ? order by number desc limit ?', limit);
      return found.map((row) => ({
        id: commandIdSchema.parse(row.id),
        name: String(row.name),
        version: Number(row.version),
        purpose: String(row.purpose),
        reviewers: z.array(z.string()).parse(JSON.parse(String(row.reviewers))),
        startedAt: Number(row.started),
        finishedAt: row.finished === null ? null : Number(row.finished),
        outcome: outcomeSchema.parse(row.outcome),
      }));
    },
  };
}
