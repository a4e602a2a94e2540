/** Reads the event stream as a browser does. It parses the frames itself, because a test must not trust the server's library. */
import { request } from 'node:http';
import { changedEvent, type Topic } from '../../shared/api/events.ts';

export interface EventReader {
  readonly status: number;
  readonly type: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** All received events, with arrival time and topics. */
  readonly events: readonly { readonly at: number; readonly topics: readonly Topic[] }[];
  readonly comments: () => number;
  /** The unparsed text received so far. */
  readonly text: () => string;
  readonly hasEnded: () => boolean;
  close(): void;
}

export function listenTo(url: string, headers: Record<string, string>): Promise<EventReader> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/api/v1/events`, { headers: { ...headers, accept: 'text/event-stream' } });
    sent.on('error', reject).on('response', (response) => {
      const events: { at: number; topics: readonly Topic[] }[] = [];
      let text = '';
      let read = 0;
      let ended = false;
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        for (let end = text.indexOf('\n\n', read); end >= 0; end = text.indexOf('\n\n', read)) {
          const fields = text.slice(read, end).split('\n');
          read = end + 2;
          const data = fields.find((field) => field.startsWith('data:'))?.slice('data:'.length);
          if (fields.includes('event:changed') && data) {
            events.push({ at: Date.now(), ...changedEvent.parse(JSON.parse(data)) });
          }
        }
      });
      const over = () => {
        ended = true;
      };
      response.on('end', over).on('error', over).on('close', over);
      resolve({
        status: response.statusCode ?? 0,
        type: String(response.headers['content-type']),
        headers: response.headers,
        events,
        comments: () => text.split('\n').filter((line) => line.startsWith(':')).length,
        text: () => text,
        hasEnded: () => ended,
        close: () => sent.destroy(),
      });
    });
    sent.end();
  });
}
