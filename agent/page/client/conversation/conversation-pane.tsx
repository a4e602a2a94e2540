import { Text } from '@mantine/core';
import { IconShieldX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ClipboardEvent, type DragEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { Empty } from '../../../../shared/look/states.tsx';
import type { Conversation } from '../../api.ts';
import { conversationsQuery, messagingStatusQuery } from '../client/queries.ts';
import { Names } from '../conversations/conversation-name.tsx';
import { isVerified } from '../conversations/verified-mark.tsx';
import { WORDS } from '../words/english.ts';
import { NOTICE_WORDS } from '../words/notice-words.ts';
import { Composer } from './composer.tsx';
import classes from './conversation.module.css';
import { ConversationHead } from './conversation-head.tsx';
import { Messages } from './messages.tsx';
import { useDraft } from './use-draft.ts';

const JOINING_TAKES = 3_000;

export function ConversationPane({ id, message }: { readonly id: string; readonly message: string | undefined }) {
  const { data: conversations } = useQuery(conversationsQuery);
  if (conversations === undefined) return null;
  const conversation = conversations.find((each) => each.id === id);
  return conversation ? (
    <Chosen conversation={conversation} sought={message ?? null} />
  ) : (
    <Empty title={WORDS.conversation.gone}>{WORDS.conversation.goneText}</Empty>
  );
}

function Chosen({ conversation, sought }: { readonly conversation: Conversation; readonly sought: string | null }) {
  const { id, people } = conversation;
  const navigate = useNavigate();
  const messagingStatus = useQuery(messagingStatusQuery).data;
  const heading = useRef<HTMLHeadingElement>(null);
  const draft = useDraft(id);
  const [dropping, setDropping] = useState(false);
  const closed = closedBecause(messagingStatus?.state, conversation.state);

  // A newly opened conversation focuses its text field, except on a phone, where the keyboard would cover half of the screen.
  useEffect(() => {
    const field = document.querySelector<HTMLElement>('[data-composer]:not(:disabled)');
    if (sought !== null) return;
    if (field && !matchMedia('(max-width: 48em)').matches) field.focus({ preventScroll: true });
    else heading.current?.focus({ preventScroll: true });
  }, [sought]);

  /** Escape leaves the conversation. The focus then returns to the list, which is a separate page on a phone. */
  function leave({ key, target, defaultPrevented }: KeyboardEvent): void {
    if (key !== 'Escape' || defaultPrevented || !(target instanceof Element) || target.closest('[role=dialog]')) return;
    const back = () => document.querySelector<HTMLElement>(`[data-conversation="${CSS.escape(id)}"]`)?.focus();
    if (matchMedia('(max-width: 48em)').matches) void navigate({ to: '/' }).then(() => requestAnimationFrame(back));
    else back();
  }

  function paste(event: ClipboardEvent): void {
    const { files, types } = event.clipboardData;
    // A program that copies formatted text may also put a picture of the text on the clipboard. The page ignores the picture.
    const words = types.includes('text/plain') && types.includes('text/html');
    if (closed !== null || files.length === 0 || words) return;
    event.preventDefault();
    draft.attach([...files]);
  }

  const drop = {
    onDragOver(event: DragEvent) {
      if (closed !== null || !event.dataTransfer.types.includes('Files')) return;
      event.preventDefault();
      setDropping(true);
    },
    onDragLeave({ currentTarget, relatedTarget }: DragEvent) {
      if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setDropping(false);
    },
    onDrop(event: DragEvent) {
      event.preventDefault();
      setDropping(false);
      if (closed === null) draft.attach([...event.dataTransfer.files]);
    },
  };
  const doubtful = people.filter(({ verified }) => !verified);
  const lasting = useLasting(isVerified(conversation) === false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape, pasting and dropping files have their buttons too
    <div className={classes.pane} onKeyDown={leave} onPaste={paste} {...drop}>
      <ConversationHead conversation={conversation} heading={heading} />
      {lasting && (
        <div className={classes.doubt} role="note">
          <IconShieldX size={24} aria-hidden />
          <div>
            <Text size="sm" fw={700}>
              {WORDS.verified.not}: <Names names={doubtful.map(({ name }) => name)} />
            </Text>
            <Text size="sm">{WORDS.verified.notText}</Text>
          </div>
        </div>
      )}
      <Messages conversation={conversation} sought={sought} />
      <Composer conversation={conversation} draft={draft} closed={closed} />
      {dropping && <div className={classes.dropping}>{WORDS.composer.drop}</div>}
    </div>
  );
}

/**
 * True when a person has been unverified for a moment. A recently added person may still be joining, so the warning text waits. The icon
 * appears at once.
 */
function useLasting(doubt: boolean): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    const timer = doubt ? setTimeout(() => setLasting(true), JOINING_TAKES) : undefined;
    if (!doubt) setLasting(false);
    return () => clearTimeout(timer);
  }, [doubt]);
  return doubt && lasting;
}

function closedBecause(device: string | undefined, conversation: Conversation['state']): string | null {
  if (conversation !== 'ready') return WORDS.conversation[conversation];
  if (device === 'denied') return NOTICE_WORDS.cannotWrite;
  return device === 'uncertified' ? WORDS.composer.uncertified : null;
}
