/** Switch for other mail programs on this device, with the settings that these programs need. */
import { Alert, Badge, Button, Code, Group, Modal, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconAlertTriangle, IconDownload } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { done } from '../../../../shared/api/wire.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { CopyButton } from '../../../../shared/look/copy-button.tsx';
import { saveFile } from '../../../../shared/look/save-file.ts';
import { Failure, QueryResult } from '../../../../shared/look/states.tsx';
import { LARGEST_PORT, type MailProgramsView, newMailPasswordView } from '../../mail-api.ts';
import { blobOf, call } from '../client/call.ts';
import { MAIL_WORDS } from '../words/mail/mail-words.ts';
import { isolated } from '../words/names.ts';
import { DIALOG_LANGUAGE } from './dialog-language.ts';
import classes from './mail.module.css';
import { mailProgramsQuery } from './mail-queries.ts';

const words = MAIL_WORDS.programs;
const { lang, dir, close: closeLabel } = DIALOG_LANGUAGE;

export function MailProgramsDialog({ opened, close }: { readonly opened: boolean; readonly close: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={words.title}
      size="lg"
      lang={lang}
      dir={dir}
      closeButtonProps={{ 'aria-label': closeLabel }}
    >
      <Programs />
    </Modal>
  );
}

/** The password is stored only in the state of this component, so it disappears when the dialog closes. */
function Programs() {
  const query = useQuery(mailProgramsQuery);
  const client = useQueryClient();
  const switching = useMutation({
    mutationFn: (port: number) => call('POST', '/mail/programs/on', newMailPasswordView, { port }),
    onSettled: () => client.invalidateQueries(mailProgramsQuery),
  });
  const password = switching.data?.password ?? null;
  return (
    <QueryResult query={query}>
      {(programs) => (
        <Stack>
          <Text size="sm">{words.intro}</Text>
          {programs.allowed ? (
            <>
              <Group gap="xs">
                <Badge variant={programs.on ? 'filled' : 'default'}>{programs.on ? words.on : words.off}</Badge>
              </Group>
              <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />}>
                <Text size="sm">{words.plainText}</Text>
              </Alert>
            </>
          ) : (
            <Text size="sm" fw={600}>
              {words.notAllowed}
            </Text>
          )}
          {programs.problem !== null && (
            <Alert color="red" title={words.problem} role="alert">
              <Text size="sm" lang="en" dir="ltr">
                {programs.problem}
              </Text>
            </Alert>
          )}
          {switching.isError && <Failure error={switching.error} />}
          {programs.on ? (
            <SwitchedOn
              programs={programs}
              password={password}
              isPending={switching.isPending}
              renew={() => switching.mutate(programs.port ?? programs.defaultPort)}
              forget={switching.reset}
            />
          ) : (
            programs.allowed && (
              <SwitchOn
                defaultPort={programs.defaultPort}
                isPending={switching.isPending}
                act={(port) => switching.mutate(port)}
              />
            )
          )}
        </Stack>
      )}
    </QueryResult>
  );
}

function SwitchOn({
  defaultPort,
  isPending,
  act,
}: {
  readonly defaultPort: number;
  readonly isPending: boolean;
  readonly act: (port: number) => void;
}) {
  const [text, setText] = useState(String(defaultPort));
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  const isValid = port >= 1 && port <= LARGEST_PORT;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isValid && !isPending) act(port);
  };
  return (
    <form onSubmit={submit}>
      <Stack align="flex-start">
        <TextInput
          label={words.port}
          description={words.portHint}
          inputMode="numeric"
          autoComplete="off"
          dir="ltr"
          error={!isValid}
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
        <Button type="submit" loading={isPending} disabled={!isValid}>
          {words.switchOn}
        </Button>
      </Stack>
    </form>
  );
}

function SwitchedOn({
  programs: { port, user, maildir },
  password,
  isPending,
  renew,
  forget,
}: {
  readonly programs: MailProgramsView;
  readonly password: string | null;
  readonly isPending: boolean;
  readonly renew: () => void;
  readonly forget: () => void;
}) {
  const client = useQueryClient();
  const [ending, setEnding] = useState(false);
  const saving = useMutation({
    mutationFn: async () => saveFile(await blobOf('/mail/programs/dovecot'), 'dovecot.conf.example'),
  });
  return (
    <>
      <Title order={3} size="h6">
        {words.setUp}
      </Title>
      <dl className={classes.settings}>
        <dt>{words.outgoing}</dt>
        <dd>{port === null ? words.closed : words.outgoingIs(isolated(String(port)))}</dd>
        <dt>{words.user}</dt>
        <dd>
          <Code>{user}</Code>
        </dd>
        <dt>{words.password}</dt>
        <dd>
          {password === null ? (
            <Stack gap="xs" align="flex-start">
              <Text size="sm">{words.hidden}</Text>
              <Button size="xs" variant="default" loading={isPending} onClick={renew}>
                {words.newPassword}
              </Button>
              <Text size="xs" c="dimmed">
                {words.newPasswordText}
              </Text>
            </Stack>
          ) : (
            <Stack gap="xs" align="flex-start" role="status">
              <Code className={classes.password}>{password}</Code>
              <CopyButton size="xs" text={password} words={{ copied: words.copied, failed: words.copyFailed }}>
                {words.copy}
              </CopyButton>
              <Text size="sm" fw={600}>
                {words.once}
              </Text>
            </Stack>
          )}
        </dd>
        <dt>{words.incoming}</dt>
        <dd>
          <Code className={classes.password}>{maildir}</Code>
        </dd>
        <dt>IMAP</dt>
        <dd>
          <Stack gap="xs" align="flex-start">
            <Text size="sm">{words.dovecot}</Text>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconDownload size={14} aria-hidden />}
              loading={saving.isPending}
              onClick={() => saving.mutate()}
            >
              {words.dovecotSave}
            </Button>
          </Stack>
        </dd>
      </dl>
      {saving.isError && <Failure error={saving.error} />}
      <Group>
        <Button color="red" variant="outline" onClick={() => setEnding(true)}>
          {words.switchOff}
        </Button>
      </Group>
      <Confirm
        title={words.switchOff}
        verb={words.switchOff}
        grave
        language={DIALOG_LANGUAGE}
        opened={ending}
        close={() => setEnding(false)}
        act={async () => {
          await call('POST', '/mail/programs/off', done);
          forget();
          await client.invalidateQueries(mailProgramsQuery);
        }}
      >
        <Text size="sm">{words.switchOffText}</Text>
      </Confirm>
    </>
  );
}
