import {
  scriptList,
  scriptOutput,
  scriptSettings,
  scriptVersionList,
  scriptView,
} from '../../../shared/api/scripts.ts';
import { call } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';

const path = (id: string): string => `/scripts/${encodeURIComponent(id)}`;

export const scriptsQuery = topicQuery(['scripts', 'accounts'], '/scripts', scriptList);
export const scriptQuery = (id: string) => topicQuery(['scripts'], path(id), scriptView);
export const versionsQuery = (id: string) =>
  topicQuery(['scripts', 'orders'], `${path(id)}/versions`, scriptVersionList);
export const settingsQuery = topicQuery(['scripts'], '/script-settings', scriptSettings);

export interface WholeOutput {
  readonly text: string;
  readonly next: number;
  readonly ended: boolean;
}

/** Reads the output of a command. `known`: output that was read before. Only output after it is loaded. */
export async function readOutput(command: string, known: WholeOutput | undefined): Promise<WholeOutput> {
  let whole = known ?? { text: '', next: 0, ended: false };
  for (;;) {
    const page = await call('GET', `/commands/${encodeURIComponent(command)}/output?from=${whole.next}`, scriptOutput);
    const more = page.next > whole.next;
    whole = { text: whole.text + page.text, next: page.next, ended: page.ended };
    if (!more) return whole;
  }
}
