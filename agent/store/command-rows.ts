import { type CommandId, commandIdSchema } from '../../shared/protocol/ids.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { AdminMessage, AdminMessageStore } from '../admin-messages/admin-messages.ts';
import type { CommandQueue, StoredCommand } from '../commands/commands.ts';
import type { Outbox } from '../link/outbox.ts';
import type { DeviceRows } from './device-rows.ts';

type Terms = Pick<StoredCommand, 'shares' | 'signedScript' | 'priority' | 'window'>;

/** Fields that the store keeps beside the fields of the command itself. */
const presentTerms = ({ shares, signedScript, priority, window }: Terms): Terms => ({
  ...(shares && { shares }),
  ...(signedScript && { signedScript }),
  ...(priority && { priority }),
  ...(window && { window }),
});

export function commandRows(rows: DeviceRows, outbox: Pick<Outbox, 'report'>): CommandQueue {
  return {
    storeCommand({ id, command, expires, ...terms }: StoredCommand): boolean {
      return (
        rows.run(
          "insert or ignore into command (device, id, body, expires, state) values (?, ?, ?, ?, 'stored')",
          id,
          JSON.stringify({ ...command, ...presentTerms(terms) }),
          expires,
        ) === 1
      );
    },
    unfinishedCommands(): readonly (StoredCommand & { started: boolean })[] {
      const found = rows.all(
        "select id, body, expires, state from command where device = ? and state <> 'finished' order by rowid",
      );
      return found.map((row) => {
        const { shares, signedScript, priority, window, ...command } = JSON.parse(String(row.body));
        return {
          id: commandIdSchema.parse(row.id),
          command,
          expires: Number(row.expires),
          ...presentTerms({ shares, signedScript, priority, window }),
          started: row.state === 'started',
        };
      });
    },
    startCommand(id: CommandId): void {
      rows.run("update command set state = 'started' where device = ? and id = ?", id);
    },
    finishCommand(id: CommandId, result: ReportItem): void {
      rows.transaction(() => {
        const changed = rows.run(
          "update command set state = 'finished', body = json_remove(body, '$.signedScript') where device = ? and id = ? and state <> 'finished'",
          id,
        );
        if (changed === 1) outbox.report(result);
      });
    },
    forgetShares(): void {
      const finished = "device = ? and state = 'finished' and json_extract(body, '$.shares') is not null";
      const forgotten = rows.run(`update command set body = json_remove(body, '$.shares') where ${finished}`);
      rows.sql.emptyLog(forgotten > 0);
    },
  };
}

export function adminMessageRows(rows: DeviceRows, outbox: Pick<Outbox, 'report'>): AdminMessageStore {
  return {
    addMessage(id: string, text: string, at: Instant): void {
      rows.run('insert or ignore into admin_message (device, id, text, at) values (?, ?, ?, ?)', id, text, at);
    },
    adminMessages(limit: number): readonly AdminMessage[] {
      const found = rows.all(
        'select id, text, at, displayed from admin_message where device = ? order by at desc, id desc limit ?',
        limit,
      );
      return found.reverse().map((row) => ({
        id: commandIdSchema.parse(row.id),
        text: String(row.text),
        at: Number(row.at),
        displayed: Number(row.displayed) === 1,
      }));
    },
    markDisplayed(id: CommandId, report: ReportItem): boolean {
      return rows.transaction(() => {
        const where = 'device = ? and id = ?';
        if (rows.run(`update admin_message set displayed = 1 where ${where} and displayed = 0`, id) === 0) return false;
        // Send the report that the message was displayed, but only if its command belongs to the current enrollment. The server would
        // refuse a report about an earlier enrollment.
        const current = rows.all(`select 1 from command where ${where}`, id).length === 1;
        if (current) outbox.report(report);
        return current;
      });
    },
  };
}
