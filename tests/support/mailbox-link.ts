/** Sealed messages on a device's connection in a test. Their bodies are arbitrary, because the server cannot decrypt them. */
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { TestLink } from './gateway-world.ts';
import { until } from './until.ts';

export type Post = Extract<DeviceFrame, { kind: 'post' }>;
export type Posted = Extract<ServerFrame, { kind: 'posted' }>;
export type Mail = Extract<ServerFrame, { kind: 'mailbox-entry' }>;

export const sealed = (text: string): string => Buffer.from(text).toString('base64');
export const opened = (body: string): string => Buffer.from(body, 'base64').toString();

export function postOf(to: readonly DeviceId[], text: string, more: Partial<Post> = {}): Post {
  const id = crypto.randomUUID();
  return { kind: 'post', id, to: [...to], keep: false, commit: null, expires: null, body: sealed(text), ...more };
}

/** Sends a post and waits for the server's response. */
export async function hand(link: TestLink, post: Post): Promise<Posted> {
  const answers = () => link.frames.filter((frame) => frame.kind === 'posted' && frame.id === post.id);
  const before = answers().length;
  link.send(post);
  return until(
    () => {
      const answer = answers()[before];
      if (answer?.kind !== 'posted') throw new Error('no answer to the post');
      return answer;
    },
    5_000,
    2,
  );
}

export const entriesOf = (link: TestLink): Mail[] => link.frames.filter((frame) => frame.kind === 'mailbox-entry');

/** Text of a mail: the text of a post, or a delivery report as in `held 2015-001`. */
export const said = ({ item }: Mail): string =>
  item.type === 'post' ? opened(item.body) : `${item.status} ${item.order ?? '-'}`;

/** Waits until the device has received this number of mails in total. */
export function mailFor(link: TestLink, count: number, within = 5_000): Promise<Mail[]> {
  return until(
    () => {
      const mail = entriesOf(link);
      if (mail.length < count) throw new Error(`${mail.length} of ${count} came: ${mail.map(said).join(', ')}`);
      return mail;
    },
    within,
    2,
  );
}

/** Opens the mailbox, and forgets all mails received earlier. */
export async function openMailbox(link: TestLink): Promise<Extract<ServerFrame, { kind: 'mailbox-is' }>> {
  const others = link.frames.filter(({ kind }) => kind !== 'mailbox-entry' && kind !== 'mailbox-is');
  link.frames.splice(0, link.frames.length, ...others);
  link.send({ kind: 'mailbox', open: true });
  return link.next('mailbox-is');
}
