import { Title, UnstyledButton } from '@mantine/core';
import { IconChevronLeft, IconInfoCircle } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { type Ref, useState } from 'react';
import type { Conversation } from '../../api.ts';
import { ConversationName, Face, Names } from '../conversations/conversation-name.tsx';
import { isVerified, VerifiedMark } from '../conversations/verified-mark.tsx';
import { WORDS } from '../words/english.ts';
import { namesOf } from '../words/names.ts';
import classes from './conversation.module.css';
import { DetailsDialog } from './details-dialog.tsx';

export function ConversationHead({
  conversation,
  heading,
}: {
  readonly conversation: Conversation;
  readonly heading: Ref<HTMLHeadingElement>;
}) {
  const [details, setDetails] = useState(false);
  const { title, people } = conversation;
  const verified = isVerified(conversation);
  return (
    <div className={classes.head}>
      <Link to="/" className={`${classes.icon} ${classes.back}`} aria-label={WORDS.conversation.back}>
        <IconChevronLeft size={22} aria-hidden />
      </Link>
      <Face {...conversation} />
      <div className={classes.title}>
        <Title order={2} size="h5" ref={heading} tabIndex={-1}>
          <ConversationName {...conversation} />
        </Title>
        <div className={classes.marks}>
          {verified !== null && <VerifiedMark people={namesOf(people)} verified={verified} />}
          {title !== null && people.length > 0 && (
            <span className={classes.names}>
              <Names names={namesOf(people)} />
            </span>
          )}
        </div>
      </div>
      <UnstyledButton
        className={classes.icon}
        aria-label={WORDS.details.open}
        title={WORDS.details.open}
        onClick={() => setDetails(true)}
      >
        <IconInfoCircle size={22} aria-hidden />
      </UnstyledButton>
      <DetailsDialog conversation={conversation} opened={details} close={() => setDetails(false)} />
    </div>
  );
}
