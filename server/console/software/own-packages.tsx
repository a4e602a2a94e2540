/** Packages of the organization: upload, signature, installation on a group, and deletion. */
import { Badge, Button, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type PackageView, packageView } from '../../../shared/api/packages.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { signPackage } from '../../../shared/order/web-approver-key.ts';
import { debFactsSchema, type PackageFormat } from '../../../shared/software/own-package.ts';
import { AGENT_PACKAGE } from '../../../shared/software/update-channel.ts';
import { ChooseSigner, useChosenSigner } from '../approver-key/choose-signer.tsx';
import { listedSigners, useOwnKey } from '../approver-key/use-own-key.ts';
import { call, upload, withQuery } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { packageCommandOf } from '../devices/commands/package-fields.tsx';
import { GroupJobDialog } from '../jobs/group-job-dialog.tsx';
import { UploadButton } from '../parts/upload-button.tsx';
import { Moment } from '../parts/words.tsx';
import { packagesQuery } from './queries.ts';
import { ChannelBadges, Publish, UpdateChannels } from './update-channels.tsx';

export function OwnPackages() {
  const may = useMay();
  const query = useQuery(packagesQuery);
  return (
    <Stack>
      <Text size="sm" c="dimmed" maw={760}>
        Packages of your organization that no repository offers. A person uploads the file, and another person signs it
        with an approver key. Devices verify the signature and the file before they install the package.
      </Text>
      {may('packages.upload') && <Upload />}
      <QueryResult query={query}>
        {({ packages, people }) =>
          packages.length === 0 ? (
            <Empty title="No packages">
              {may('packages.upload')
                ? 'Upload a Debian package (.deb) or an RPM package (.rpm) to install it on devices.'
                : 'An owner or a fleet admin uploads packages here.'}
            </Empty>
          ) : (
            <Stack>
              {may('update-channels.list') && <UpdateChannels packages={packages} />}
              <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Own packages">
                {packages.map((stored) => (
                  <PackageCard key={stored.sha256} stored={stored} people={people} />
                ))}
              </Stack>
            </Stack>
          )
        }
      </QueryResult>
    </Stack>
  );
}

const FORMAT_NAMES: Readonly<Record<PackageFormat, string>> = { deb: 'Debian package', rpm: 'RPM package' };

function PackageCard({
  stored,
  people,
}: {
  readonly stored: PackageView;
  readonly people: Readonly<Record<string, string>>;
}) {
  const may = useMay();
  const {
    name,
    version,
    architecture,
    format,
    size,
    sha256,
    note,
    uploadedAt,
    uploadedBy,
    signedBy,
    signers,
    obstacles,
  } = stored;
  const nameOf = (account: string) => people[account] ?? 'a deleted account';
  const isAgent = name === AGENT_PACKAGE && format === 'deb' && may('update-channels.list');
  return (
    <Paper component="li" withBorder p="md">
      <Stack gap="xs">
        <Group gap="sm">
          <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
            <UserText>{`${name} ${version}`}</UserText>
          </Text>
          <Badge color={signedBy === null ? 'yellow' : 'green'} variant="light">
            {signedBy === null ? 'Not signed' : 'Signed'}
          </Badge>
          {isAgent && <ChannelBadges sha256={sha256} />}
        </Group>
        <Text size="sm">
          {FORMAT_NAMES[format]} for {architecture}, {size.toLocaleString('en')} bytes. Uploaded{' '}
          <Moment at={uploadedAt} /> by <UserText>{nameOf(uploadedBy)}</UserText>.
          {signedBy !== null && (
            <>
              {' '}
              Signed by <UserText>{nameOf(signedBy)}</UserText>.
            </>
          )}
        </Text>
        {note !== '' && (
          <Text size="sm">
            <UserText>{note}</UserText>
          </Text>
        )}
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          SHA-256 {sha256}
        </Text>
        {signedBy === null && (
          <Text size="sm">
            {signers.length === 0 ? (
              'No approver is independent of the uploader, so no approver can sign this package. Add an approver, or have another person upload the file.'
            ) : (
              <>
                Can sign: <UserText>{signers.join(', ')}</UserText>.
              </>
            )}
          </Text>
        )}
        {obstacles.install !== null && (
          <Text size="sm">
            Cannot be installed. <UserText>{obstacles.install}</UserText>
          </Text>
        )}
        {isAgent && obstacles.install === null && obstacles.publish !== null && may('update-channels.publish') && (
          <Text size="sm">
            You cannot publish this package. <UserText>{obstacles.publish}</UserText>
          </Text>
        )}
        <Group gap="sm">
          {signedBy === null && <Sign stored={stored} />}
          {signedBy !== null && obstacles.install === null && <Install stored={stored} />}
          {signedBy !== null && isAgent && obstacles.publish === null && <Publish stored={stored} />}
          <Delete stored={stored} />
        </Group>
      </Stack>
    </Paper>
  );
}

function Upload() {
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [fields, setFields] = useState({ name: '', version: '', architecture: 'all', note: '' });
  const choose = (chosen: File) => {
    // The form takes name, version and architecture from the usual file name, NAME_VERSION_ARCHITECTURE.deb (dpkg-name(1)).
    const [name = '', version = '', architecture = 'all'] = chosen.name.replace(/\.deb$/, '').split('_');
    setFields({ name, version, architecture, note: '' });
    setFile(chosen);
  };
  const set = (field: keyof typeof fields) => ({
    value: fields[field],
    onChange: ({ currentTarget: { value } }: { currentTarget: { value: string } }) =>
      setFields((before) => ({ ...before, [field]: value })),
  });
  // The server reads the facts of an RPM package from the file.
  const isRpm = file?.name.endsWith('.rpm') ?? false;
  const stated = debFactsSchema.safeParse({
    name: fields.name.trim(),
    version: fields.version.trim(),
    architecture: fields.architecture.trim(),
  });
  const facts = isRpm ? {} : stated.data;
  const send = async () => {
    if (!file || !facts) return;
    await upload(withQuery('/packages', { ...facts, note: fields.note.trim() }), packageView, file);
    await client.invalidateQueries({ queryKey: packagesQuery.queryKey });
  };
  return (
    <div>
      <UploadButton label="Upload package" accept=".deb,.rpm" choose={choose}>
        Upload package…
      </UploadButton>
      <Confirm
        title="Upload package"
        opened={file !== null}
        close={() => setFile(null)}
        verb="Upload package"
        ready={facts !== undefined}
        act={send}
      >
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          <UserText>{file?.name ?? ''}</UserText>.{' '}
          {isRpm
            ? 'The server reads name, version and architecture from the file. Devices with dnf can install it.'
            : 'Type the fields as “dpkg-deb --field” prints them. Devices refuse a file with other fields. Devices with apt can install it.'}
        </Text>
        {!isRpm && (
          <>
            <TextInput label="Package" required maxLength={128} {...set('name')} />
            <TextInput label="Version" required maxLength={128} {...set('version')} />
            <TextInput
              label="Architecture"
              description="Such as amd64 or all"
              required
              maxLength={32}
              {...set('architecture')}
            />
          </>
        )}
        <TextInput label="Note (optional)" maxLength={500} dir="auto" {...set('note')} />
      </Confirm>
    </div>
  );
}

function Sign({ stored }: { readonly stored: PackageView }) {
  const may = useMay();
  const client = useQueryClient();
  const signers = listedSigners(useOwnKey().data);
  const choice = useChosenSigner(signers);
  const [opened, { open, close }] = useDisclosure(false);
  const { sha256, statement, name, version, obstacles } = stored;
  if (obstacles.sign !== null) {
    return (
      <Text size="sm">
        <UserText>{obstacles.sign}</UserText>
      </Text>
    );
  }
  if (!may('packages.sign')) return null;
  if (signers.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        An approver signs here with a passkey or with the key in the browser, or with “cordon packages sign”.
      </Text>
    );
  }
  const submit = async () => {
    if (!choice.chosen) return;
    const { key } = choice.chosen;
    const body = { keyid: key.keyid, signature: await signPackage(key, statement) };
    await call('POST', `/packages/${sha256}/signature`, packageView, body);
    await client.invalidateQueries({ queryKey: packagesQuery.queryKey });
  };
  return (
    <>
      <Button onClick={open}>Sign package…</Button>
      <Confirm title="Sign package" opened={opened} close={close} verb="Sign package" grave act={submit}>
        <Text size="sm">
          The scripts of a package run with all rights on each device. Sign only a file that you have checked. Compare
          its SHA-256.
        </Text>
        <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
          <UserText>{`${name} ${version}`}</UserText>
        </Text>
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          SHA-256 {sha256}
        </Text>
        <ChooseSigner signers={signers} {...choice} />
      </Confirm>
    </>
  );
}

function Install({ stored: { name, version, envelope, sha256 } }: { readonly stored: PackageView }) {
  const may = useMay();
  const [change] = useState(() => crypto.randomUUID());
  const [opened, { open, close }] = useDisclosure(false);
  if (!may('commands.issue-many') || !may('commands.change-software')) return null;
  return (
    <>
      <Button variant="default" onClick={open}>
        Install…
      </Button>
      <GroupJobDialog
        title="Install package"
        opened={opened}
        close={close}
        kind="install-package"
        name={`Install ${name} ${version}`}
        command={packageCommandOf({ envelope, sha256, change })}
        effect={
          <Text size="sm">
            The devices install <UserText>{`${name} ${version}`}</UserText>. The page of the job shows the progress and
            offers the rollback. To install the package on one device, use the page of the device.
          </Text>
        }
      />
    </>
  );
}

function Delete({ stored: { sha256, name, version } }: { readonly stored: PackageView }) {
  const may = useMay();
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  if (!may('packages.delete')) return null;
  const remove = async () => {
    await call('DELETE', `/packages/${sha256}`, done);
    await client.invalidateQueries({ queryKey: packagesQuery.queryKey });
  };
  return (
    <>
      <Button variant="default" onClick={open}>
        Delete…
      </Button>
      <Confirm title="Delete package" opened={opened} close={close} verb="Delete package" grave act={remove}>
        <Text size="sm">
          The server deletes <UserText>{`${name} ${version}`}</UserText>. Devices that have installed it keep it.
          Devices that still wait for it report a failure.
        </Text>
      </Confirm>
    </>
  );
}
